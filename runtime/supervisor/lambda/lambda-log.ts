/** What a script prints on Lambda goes to CloudWatch by way of our own output; for a dispatcher it is kept beside that. */
import type { LogLine } from '../../contract/runtime-api.js'
import { LogShipper } from '../log-shipper.js'

export interface LambdaLog {
  shipper: LogShipper
  /** What was kept: one JSON document a line. Its size is bounded as that of any log. */
  kept(): Buffer
}

export function lambdaLog({ now, keeps }: { now: () => number; keeps: boolean }): LambdaLog {
  const kept: Buffer[] = []
  const send = async (lines: LogLine[]) => {
    if (keeps) kept.push(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')))
    await print(lines.map(({ text }) => `${text}\n`).join(''))
  }
  return { shipper: new LogShipper({ now, send }), kept: () => Buffer.concat(kept) }
}

/** Resolves when it has been taken: a sandbox may be frozen right after its answer. */
const print = (text: string): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(text, () => resolve())
  })
