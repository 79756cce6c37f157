/** Where a script starts: the image's WORKDIR, or a private scratch directory. */
import { mkdir, stat } from 'node:fs/promises'
import type { WorkerFile } from '../contract/runtime-api.js'
import { AttemptFailure } from './attempt-failure.js'
import type { Workspace } from './workspace.js'

/** A directory under /tmp is made when it is missing: on Lambda /tmp starts empty, whatever the image had there. */
export async function workingDirectoryFor(
  worker: Pick<WorkerFile, 'workingDirectory'>,
  workspace: Pick<Workspace, 'work'>,
): Promise<string> {
  const { workingDirectory } = worker
  if (workingDirectory === undefined) return workspace.work
  if (workingDirectory.startsWith('/tmp/')) await mkdir(workingDirectory, { recursive: true })
  const status = await stat(workingDirectory).catch(() => undefined)
  if (status?.isDirectory()) return workingDirectory
  throw new AttemptFailure('image', `the working directory ${workingDirectory} is not there; make it in the image`)
}
