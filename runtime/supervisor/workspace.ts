/**
 * The directory that belongs to one attempt: made before it, gone after it. While a script waits for them, single quick
 * calls are made synchronously: each takes microseconds, and its way through the thread pool ten times as long. What
 * `node:fs` calls `promises` is loaded where it is first used, unlike `node:fs/promises`, which takes a millisecond.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  promises as fs,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { PROCESS_GROUP_FILE } from '../contract/worker-environment.js'
import { removeFile } from './remove-file.js'

export interface Workspace {
  root: string
  input: string
  output: string
  work: string
  tmp: string
  eventFile: string
}

/** Attempts of a dispatcher, and the request ids of Lambda. Nothing else in a scratch directory is ours to remove. */
const ATTEMPT_ID = /^[0-9a-f-]{36}(\.[1-9][0-9]{0,8})?$/

const SEPARATOR = Buffer.from('/')

/** What goes without making anybody wait. */
const SMALL_BYTES = 1024 ** 2

/** Made ahead of time, and moved into place when an attempt comes; the draft is not whole yet. */
const PREPARED = 'prepared'
const DRAFT = 'prepared-draft'

/** Makes the directories of the next attempt while there is nothing better to do: each may take a millisecond. */
export async function prepareWorkspace(scratch: string): Promise<void> {
  const prepared = join(scratch, PREPARED)
  if (existsSync(prepared)) return
  const draft = join(scratch, DRAFT)
  await fs.rm(draft, { recursive: true, force: true })
  for (const directory of directoriesOf(layout(draft))) await fs.mkdir(directory, { recursive: true })
  await fs.rename(draft, prepared)
}

export async function createWorkspace(scratch: string, attempt: string, event: string): Promise<Workspace> {
  if (!ATTEMPT_ID.test(attempt)) throw new Error(`"${attempt.slice(0, 100)}" is no id of an attempt`)
  const workspace = layout(join(scratch, attempt))
  if (!movedIn(join(scratch, PREPARED), workspace.root)) {
    if (existsSync(workspace.root)) await removeTree(workspace.root)
    for (const directory of directoriesOf(workspace)) mkdirSync(directory, { recursive: true })
  }
  writeFileSync(workspace.eventFile, event)
  return workspace
}

/** False when nothing was prepared, or an earlier try at the same attempt left something. */
const movedIn = (from: string, to: string): boolean => worked(() => renameSync(from, to))

const directoriesOf = ({ input, output, work, tmp }: Workspace) => [input, output, work, tmp]

/** Where things are in a workspace. */
export const layout = (root: string): Workspace => ({
  root,
  input: join(root, 'input'),
  output: join(root, 'output'),
  work: join(root, 'work'),
  tmp: join(root, 'tmp'),
  eventFile: join(root, 'event.json'),
})

/** Most scripts leave nothing but their input and the event; whatever else there is, and large files, take the long way. */
export async function removeWorkspace(workspace: Workspace): Promise<void> {
  const { root, input, eventFile } = workspace
  const isGone = worked(() => {
    for (const file of [...smallFiles(input), eventFile]) unlinkSync(file)
    for (const directory of [...directoriesOf(workspace), root]) rmdirSync(directory)
  })
  if (!isGone) await removeTree(root)
}

/** None of a directory that is not what it was: a script may have put a link in its place. */
function smallFiles(directory: string): string[] {
  if (!lstatSync(directory).isDirectory()) return []
  const paths = readdirSync(directory).map((name) => join(directory, name))
  return paths.length > 1 ? [] : paths.filter((path) => lstatSync(path).size <= SMALL_BYTES)
}

function worked(call: () => void): boolean {
  try {
    call()
    return true
  } catch {
    return false
  }
}

/** Makes the scratch directory and removes what a worker that crashed left there. */
export async function prepareScratch(scratch: string): Promise<void> {
  mkdirSync(scratch, { recursive: true })
  removeFile(join(scratch, PROCESS_GROUP_FILE))
  const leftovers = readdirSync(scratch).filter((name) => ATTEMPT_ID.test(name) || name.startsWith(PREPARED))
  for (const name of leftovers) await removeTree(join(scratch, name))
}

/** Also when a script took away its own right to write there, or left names that are no valid UTF-8. */
async function removeTree(path: string): Promise<void> {
  try {
    await fs.rm(path, { recursive: true, force: true })
  } catch {
    await removeStubborn(Buffer.from(path))
  }
}

async function removeStubborn(path: Buffer): Promise<void> {
  const status = await fs.lstat(path).catch(() => undefined)
  if (!status) return
  if (!status.isDirectory()) return fs.unlink(path)
  await fs.chmod(path, 0o700)
  for (const name of await fs.readdir(path, { encoding: 'buffer' })) {
    await removeStubborn(Buffer.concat([path, SEPARATOR, name]))
  }
  await fs.rmdir(path)
}
