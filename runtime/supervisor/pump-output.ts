/** Reads one pipe of a script to its end: line by line into the log, and byte by byte into whoever listens. */
import type { Readable } from 'node:stream'
import { LineSplitter } from './line-splitter.js'
import type { LogShipper } from './log-shipper.js'

/** Where lines go. */
export type LineSink = Pick<LogShipper, 'add' | 'room' | 'isFull'>

export interface Pump {
  from: Readable
  stream: 'stdout' | 'stderr'
  log: LineSink
  listen?: (chunk: Buffer) => void
}

export async function pumpOutput({ from, stream, log, listen }: Pump): Promise<void> {
  const splitter = new LineSplitter()
  const keep = (lines: string[]) => lines.forEach((line) => log.add(stream, line))
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      listen?.(chunk)
      if (log.isFull) continue
      keep(splitter.push(chunk))
      await log.room()
    }
  } catch {
    // The pipe was closed on us: somebody who outlived the script held it open.
  }
  keep(splitter.end())
}
