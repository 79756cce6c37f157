/** Leaves a warm sandbox as the next event should find it; what scripts keep in /tmp stays unless an input needs the room, as does a runtime client. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isRuntimeClient } from '../../contract/runtime-client.js'
import { ancestorsOf, processIds } from '../processes.js'
import type { LambdaConfig } from './lambda-config.js'

type Place = Pick<LambdaConfig, 'file' | 'ownsMachine' | 'scratch'>

const TMP = '/tmp'

export class Sandbox {
  readonly #place: Place
  /** Processes that were there before the first script: Lambda's own, and extensions. */
  readonly #others: ReadonlySet<number>

  constructor(place: Place) {
    this.#place = place
    this.#others = new Set(place.ownsMachine ? processIds() : [])
  }

  async cleanUp(): Promise<void> {
    const { ownsMachine, file } = this.#place
    if (isRuntimeClient(file.run)) return
    if (ownsMachine) this.#killLeftBehind()
    await this.#removeWorkingDirectory()
    if (ownsMachine && file.isolation === 'fresh') await this.#emptyTmp()
  }

  /** What scripts keep in /tmp is theirs as long as no input needs the room. */
  async makeRoom(): Promise<void> {
    if (this.#place.ownsMachine) await this.#emptyTmp()
  }

  /** Also those that hid by leaving their group and clearing their environment; what an extension started is not ours. */
  #killLeftBehind(): void {
    const ours = processIds().filter(
      (id) => !this.#others.has(id) && !ancestorsOf(id).some((one) => this.#isOthers(one)),
    )
    for (const id of ours) kill(id)
  }

  #isOthers(id: number): boolean {
    return id !== 1 && this.#others.has(id)
  }

  /** Below /tmp it is there only because it was made for a script. */
  async #removeWorkingDirectory(): Promise<void> {
    const { workingDirectory } = this.#place.file
    if (workingDirectory.startsWith(`${TMP}/`)) await rm(workingDirectory, { recursive: true, force: true })
  }

  async #emptyTmp(): Promise<void> {
    const names = (await readdir(TMP)).map((name) => join(TMP, name)).filter((path) => path !== this.#place.scratch)
    await Promise.all(names.map((path) => rm(path, { recursive: true, force: true })))
  }
}

function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
