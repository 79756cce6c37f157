/** A dispatcher process for a benchmark, on a directory of its own on disk, gone afterwards. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DispatcherProcess, REPOSITORY, type DispatcherOptions } from '../support/dispatcher-process.js'

/** Not below /tmp, which may be memory: durable accepts are measured on a disk. */
const PARENT = join(REPOSITORY, 'node_modules', '.cache')

export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  mkdirSync(PARENT, { recursive: true })
  const directory = mkdtempSync(join(PARENT, 'spillway-bench-'))
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

export function withDispatcher<T>(
  use: (dispatcher: DispatcherProcess, directory: string) => Promise<T>,
  options: Omit<DispatcherOptions, 'directory'> = {},
): Promise<T> {
  return withDirectory(async (directory) => {
    const dispatcher = await DispatcherProcess.start({ directory, ...options })
    try {
      return await use(dispatcher, directory)
    } finally {
      await dispatcher.stop()
    }
  })
}
