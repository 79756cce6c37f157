/** A TypeScript program as a process of its own, and the lines that it prints. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface Program {
  pid: number
  /** Grows while the program runs. */
  lines: string[]
  /** Resolves when it has ended and all that it printed has been read. */
  ended: Promise<{ code: number | null; signal: string | null }>
  kill(): void
}

/** Starts a file of test/support; `limit` is a line of sh that goes before it. */
export function startProgram(file: string, args: string[], { limit = '' } = {}): Program {
  const command = [process.execPath, '--require', require.resolve('tsx/cjs'), join(__dirname, file), ...args]
  const child = spawn('/bin/sh', ['-c', `${limit}\nexec "$@"`, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { pid: child.pid!, lines: linesOf(child), ended: endOf(child), kill: () => child.kill('SIGKILL') }
}

function linesOf(child: ChildProcessByStdio<null, Readable, null>): string[] {
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  return lines
}

const endOf = (child: ChildProcessByStdio<null, Readable, null>): Program['ended'] =>
  new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
