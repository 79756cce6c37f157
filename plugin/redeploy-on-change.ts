/** Registers again when serverless.yml or a packaged file changes; a broken change leaves the old release running. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync, watch, type FSWatcher } from 'node:fs'
import { text } from 'node:stream/consumers'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CommandContext } from './context.js'
import type { PackagedFunction } from './registration.js'

/** Editors write a file in several steps. */
const DEBOUNCE_MS = 300

export async function redeployOnChange(context: CommandContext, signal: AbortSignal): Promise<void> {
  const { directory } = context.service
  let folders = foldersToWatch(directory)
  let deployed = fingerprint(folders)
  while (await untilChanged(folders, deployed, signal)) {
    const now = fingerprint(folders)
    if (now === deployed) continue
    await runAgain(context, signal)
    folders = foldersToWatch(directory)
    deployed = now
  }
}

/** Watches before it looks, so that no change falls in between. False when the signal came first. */
async function untilChanged(folders: string[], deployed: string, signal: AbortSignal): Promise<boolean> {
  const watchers: FSWatcher[] = []
  try {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      for (const folder of folders.filter(isFolder)) watchers.push(watch(folder, () => resolve()))
      if (signal.aborted || fingerprint(folders) !== deployed) resolve()
    })
    await delay(DEBOUNCE_MS, undefined, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  } finally {
    for (const watcher of watchers) watcher.close()
  }
}

/** The service directory, and every folder that a file of the last registration came from. */
function foldersToWatch(directory: string): string[] {
  const files = packagedFunctions(directory).flatMap((entry) => entry.files.map(({ path }) => join(directory, path)))
  return [...new Set([directory, ...files.map((file) => dirname(file))])]
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** Changes with every file in those folders; what the functions write lies in other ones. */
function fingerprint(folders: string[]): string {
  return folders
    .filter(isFolder)
    .flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [] : [join(folder, entry.name)],
      ),
    )
    .map((file) => {
      const facts = statSync(file, { throwIfNoEntry: false })
      return `${file} ${facts?.mtimeMs} ${facts?.size} ${facts?.mode}`
    })
    .join('\n')
}

const packagedFunctions = (directory: string): PackagedFunction[] =>
  (JSON.parse(packageDocument(directory)) as { functions: PackagedFunction[] }).functions

/** What was registered last, as text. */
function packageDocument(directory: string): string {
  try {
    return readFileSync(join(directory, '.serverless', 'spillway.json'), 'utf8')
  } catch {
    return '{ "functions": [] }'
  }
}

/** The same CLI, so that variables and `${file(...)}` are read anew. */
async function runAgain({ service, options, output }: CommandContext, signal: AbortSignal): Promise<void> {
  const before = packageDocument(service.directory)
  const args = [process.argv[1]!, 'spillway', 'register', ...passedOn(options)]
  const child = spawn(process.execPath, args, { cwd: service.directory, stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => child.kill()
  signal.addEventListener('abort', stop, { once: true })
  const [result, messages, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ])
  signal.removeEventListener('abort', stop)
  if (code === 0) {
    if (packageDocument(service.directory) !== before) output.log.notice(messages.trim())
    return
  }
  if (signal.aborted) return
  output.log.error('The change cannot be used; the releases from before it keep running')
  output.log.notice([messages.trim(), result.trim()].filter(Boolean).join('\n'))
}

const PASSED_ON = ['stage', 'region', 'config', 'aws-profile', 'param'] as const

/** Options that decide what the configuration says. */
function passedOn(options: CommandContext['options']): string[] {
  return PASSED_ON.flatMap((name) => {
    const value = options[name]
    const values: unknown[] = Array.isArray(value) ? value : value == null ? [] : [value]
    return values.flatMap((item) => [`--${name}`, String(item)])
  })
}
