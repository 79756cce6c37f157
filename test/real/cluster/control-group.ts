/** The control group by which all processes of a cluster are found, those of its pods and orphans too. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.js'

const ROOT = '/sys/fs/cgroup'

/** With version 1 there is a tree for each controller, with version 2 one tree. */
const trees = (): string[] =>
  existsSync(join(ROOT, 'cgroup.procs'))
    ? [ROOT]
    : readdirSync(ROOT, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, entry.name, 'cgroup.procs')))
        .map((entry) => join(ROOT, entry.name))

/** Of the many trees of version 1 the one that we count processes by. */
const countingTree = (): string => trees().find((tree) => tree.endsWith('/pids')) ?? trees()[0]!

/** The kubelet makes the pods' groups below `name`, so processes of our own need a leaf beside them. */
export function createControlGroup(name: string): void {
  for (const tree of trees()) mkdirSync(join(tree, name, 'programs'), { recursive: true })
}

/** A process that writes its id there belongs to the cluster, with all its children. */
export const joinFile = (name: string): string => join(countingTree(), name, 'programs', 'cgroup.procs')

/** Kills all that is below it and removes it. */
export async function emptyControlGroup(name: string): Promise<void> {
  await eventually(() => kill(processesOf(name)) === 0, { what: `the end of all processes of ${name}`, everyMs: 20 })
  for (const tree of trees())
    for (const directory of groupsBelow(join(tree, name)))
      await eventually(() => removed(directory), { what: `removal of ${directory}`, everyMs: 20 })
}

export const processesOf = (name: string): number[] =>
  groupsBelow(join(countingTree(), name))
    .flatMap((directory) => readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map(Number)

function kill(pids: readonly number[]): number {
  for (const pid of pids) sendSignal(pid, 'SIGKILL')
  return pids.length
}

/** False when there is no such process (any more). */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Deepest first. */
function groupsBelow(directory: string): string[] {
  if (!existsSync(directory)) return []
  const inner = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [...inner.flatMap((entry) => groupsBelow(join(directory, entry.name))), directory]
}

function removed(directory: string): boolean {
  rmdirSync(directory)
  return true
}
