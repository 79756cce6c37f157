/** Leaves a warm sandbox as the next event should find it; what scripts keep in /tmp stays unless an input needs the room, as does a runtime client. */
import { existsSync, readdirSync } from 'node:fs'
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
  readonly #tmp: string
  /** What was in /tmp before the first script: ours, of a runtime client, and of extensions, which start before us. */
  readonly #kept: ReadonlySet<string>
  readonly #keepsWorkingDirectory: boolean

  constructor(place: Place, tmp = TMP) {
    this.#place = place
    this.#others = new Set(place.ownsMachine ? processIds() : [])
    this.#tmp = tmp
    this.#kept = new Set(place.ownsMachine ? readdirSync(tmp) : [])
    this.#keepsWorkingDirectory = existsSync(place.file.workingDirectory)
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
    if (this.#keepsWorkingDirectory || !workingDirectory.startsWith(`${this.#tmp}/`)) return
    await rm(workingDirectory, { recursive: true, force: true })
  }

  async #emptyTmp(): Promise<void> {
    const left = (await readdir(this.#tmp)).filter((name) => !this.#kept.has(name))
    const paths = left.map((name) => join(this.#tmp, name)).filter((path) => path !== this.#place.scratch)
    await Promise.all(paths.map((path) => rm(path, { recursive: true, force: true })))
  }
}

function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
