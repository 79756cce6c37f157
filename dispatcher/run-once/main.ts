/** The program behind `serverless invoke local`: one function, once; its result on standard output. */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { asError, SpillwayError } from '../../runtime/contract/errors.js'
import type { LogLine } from '../../runtime/contract/runtime-api.js'
import { runOnce, type RunEnd, type RunOnce } from './run-once.js'

const USAGE = `run-once --function FILE [--input FILE] [--output DIR]

  --function FILE   JSON {name, spec, files, local}: what is registered of a function, and the settings of the back-end
  --input FILE      the object, or the body of the request where the function takes no objects
  --output DIR      gets the results. Default: a directory of its own below ${tmpdir()}
`

async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({
    args: words,
    options: { function: { type: 'string' }, input: { type: 'string' }, output: { type: 'string' } },
  })
  if (!values.function) {
    process.stderr.write(USAGE)
    return 2
  }
  const described = JSON.parse(readFileSync(values.function, 'utf8')) as Described
  const takesObject = values.input !== undefined && described.spec.input.length > 0
  const end = await runOnce({
    ...described,
    ...(values.input ? { input: resolve(values.input) } : {}),
    ...(values.output ? { output: resolve(values.output) } : {}),
    environment: process.env,
    onLine: (line) => printLine(line, takesObject),
    onNote: say,
    signal: interrupted(),
  })
  report(end)
  return end.record.state === 'succeeded' ? 0 : 1
}

type Described = Pick<RunOnce, 'name' | 'spec' | 'files' | 'local'>

/** Standard output of a request is the result: it comes at the end, byte for byte. */
function printLine({ stream, text }: LogLine, takesObject: boolean): void {
  if (stream !== 'stdout') say(text)
  else if (takesObject) process.stdout.write(`${text}\n`)
}

function report({ record: { state, cause, message, outputs, result }, output = '' }: RunEnd): void {
  if (result) process.stdout.write(Buffer.from(result.body, result.encoding))
  for (const { key, size } of outputs) say(`${join(output, key)}  ${size} bytes`)
  if (state !== 'succeeded') say(`${state}${cause ? ` (${cause})` : ''}${message ? `: ${message}` : ''}`)
}

const say = (text: string) => process.stderr.write(`${text}\n`)

function interrupted(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (thrown: unknown) => {
    const error = asError(thrown)
    say(thrown instanceof SpillwayError ? error.message : (error.stack ?? error.message))
    process.exitCode = 1
  },
)
