/** What to start for a function: a script by its shebang, or a command. */
import { resolve } from 'node:path'
import type { WorkerFile } from '../contract/runtime-api.js'
import { firstBytes } from './first-bytes.js'

export interface Program {
  file: string
  arguments: string[]
}

/** Bytes that Linux looks at, see BINPRM_BUF_SIZE in https://man7.org/linux/man-pages/man2/execve.2.html */
const SHEBANG_BYTES_MAX = 256

export function programFor({ run, filesDir }: Pick<WorkerFile, 'run' | 'filesDir'>): Program {
  if (run.kind === 'command') return { file: run.command[0] ?? '', arguments: run.command.slice(1) }
  const script = resolve(filesDir, run.path)
  const interpreter = parseShebang(firstBytes(script, SHEBANG_BYTES_MAX).toString()) ?? ['/bin/sh']
  return { file: interpreter[0] ?? '/bin/sh', arguments: [...interpreter.slice(1), script] }
}

/**
 * The interpreter and its one argument, read as the kernel does, so that a script needs no permission to be executed.
 * The line may end the Windows way.
 */
export function parseShebang(start: string): string[] | undefined {
  const line = /^#![ \t]*([^\r\n]*)/.exec(start)?.[1]?.trim()
  const match = /^(\S+)(?:\s+(.*))?$/su.exec(line ?? '')
  if (!match) return undefined
  return match[2] ? [match[1]!, match[2]] : [match[1]!]
}
