/** Registers again when serverless.yml or a packaged file changes; a broken change leaves the old release running. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync, watch, type FSWatcher } from 'node:fs'
import { text } from 'node:stream/consumers'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { asError } from '../runtime/contract/errors.js'
import type { CommandContext } from './context.js'
import type { PackagedFunction } from './registration.js'

/** Editors write a file in several steps. */
const DEBOUNCE_MS = 300
/** Time between two looks where the system does not tell of changes. */
const LOOK_EVERY_MS = 2000

export async function redeployOnChange(context: CommandContext, signal: AbortSignal): Promise<void> {
  const { directory } = context.service
  const cannotWatch = noteOnce(context)
  let folders = foldersToWatch(directory)
  let deployed = fingerprint(folders)
  while (await untilChanged({ folders, deployed, signal, cannotWatch })) {
    const now = fingerprint(folders)
    if (now === deployed) continue
    await runAgain(context, signal)
    folders = foldersToWatch(directory)
    deployed = now
  }
}

interface Round {
  folders: string[]
  /** Fingerprint of what is registered. */
  deployed: string
  signal: AbortSignal
  cannotWatch(error: Error): void
}

/** Watches before it looks, so that no change falls in between. False when the signal came first. */
async function untilChanged({ folders, deployed, signal, cannotWatch }: Round): Promise<boolean> {
  const { promise: woken, wake } = alarm()
  signal.addEventListener('abort', wake, { once: true })
  const close = watchFolders(folders, wake, cannotWatch)
  try {
    if (signal.aborted || fingerprint(folders) !== deployed) wake()
    await woken
    await delay(DEBOUNCE_MS, undefined, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  } finally {
    signal.removeEventListener('abort', wake)
    close()
  }
}

function alarm(): { promise: Promise<void>; wake: () => void } {
  let wake!: () => void
  const promise = new Promise<void>((resolve) => (wake = resolve))
  return { promise, wake }
}

/** Wakes at a change; where the system gives no more watches, after a while instead. Returns what ends it. */
function watchFolders(folders: string[], wake: () => void, cannotWatch: Round['cannotWatch']): () => void {
  const watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  const lookLater = (error: unknown) => {
    cannotWatch(asError(error))
    timer ??= setTimeout(wake, LOOK_EVERY_MS)
  }
  try {
    for (const folder of folders.filter(isFolder)) watchers.push(watch(folder, wake).on('error', lookLater))
  } catch (error) {
    lookLater(error)
  }
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}

/** `ENOSPC` and `EMFILE` are the limits of inotify(7): `fs.inotify.max_user_watches` and `max_user_instances`. */
function noteOnce({ output }: CommandContext): Round['cannotWatch'] {
  let noted = false
  return ({ message }) => {
    if (!noted)
      output.log.warning(
        `Folders cannot be watched (${message}); looking for changes every ${LOOK_EVERY_MS / 1000} s instead. On Linux, raise fs.inotify.max_user_watches or max_user_instances.`,
      )
    noted = true
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
