/** Where a script starts: the image's WORKDIR, or a private scratch directory. */
import { mkdirSync, statSync } from 'node:fs'
import type { WorkerFile } from '../contract/runtime-api.js'
import { AttemptFailure } from './attempt-failure.js'
import type { Workspace } from './workspace.js'

/** A directory under /tmp is made when it is missing: on Lambda /tmp starts empty, whatever the image had there. */
export function workingDirectoryFor(
  worker: Pick<WorkerFile, 'workingDirectory'>,
  workspace: Pick<Workspace, 'work'>,
): string {
  const { workingDirectory } = worker
  if (workingDirectory === undefined) return workspace.work
  if (workingDirectory.startsWith('/tmp/')) mkdirSync(workingDirectory, { recursive: true })
  if (isDirectory(workingDirectory)) return workingDirectory
  throw new AttemptFailure('image', `the working directory ${workingDirectory} is not there; make it in the image`)
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
