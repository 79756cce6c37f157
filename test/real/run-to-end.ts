/** Waits for a child that has the terminal; signals to this process go on to it. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Resolves to its exit code, by the convention of shells when a signal ended it. */
export async function runToEnd(child: ChildProcess): Promise<number> {
  const pass = (signal: NodeJS.Signals) => void child.kill(signal)
  for (const signal of PASSED_ON) process.on(signal, pass)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
    })
  } finally {
    for (const signal of PASSED_ON) process.off(signal, pass)
  }
}
