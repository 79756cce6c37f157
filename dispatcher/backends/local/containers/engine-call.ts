/** One call of a container engine's command line, with a deadline. */
import { execFile } from 'node:child_process'

export interface EngineCall {
  program: string
  arguments: readonly string[]
  environment: Readonly<Record<string, string>>
  /** Milliseconds after which it is killed. */
  deadlineMs: number
  signal?: AbortSignal
}

export interface EngineAnswer {
  ok: boolean
  output: string
  /** What it said when it failed, in one line. */
  complaint: string
}

const OUTPUT_BYTES_MAX = 64 * 1024 ** 2

/** Never rejects: a program that is not there is an answer too. */
export const callEngine = ({
  program,
  arguments: words,
  environment,
  deadlineMs,
  signal,
}: EngineCall): Promise<EngineAnswer> =>
  new Promise((resolve) => {
    const options = {
      env: environment,
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_BYTES_MAX,
      ...(signal ? { signal } : {}),
    } as const
    execFile(program, words, options, (error, output, errors) => {
      if (!error) return resolve({ ok: true, output, complaint: '' })
      const complaint = error.killed ? `no answer within ${deadlineMs / 1000} s` : inOneLine(errors) || error.message
      resolve({ ok: false, output, complaint })
    })
  })

/** The last lines say what went wrong, the ones before them how it was tried. */
export const inOneLine = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join('; ')
