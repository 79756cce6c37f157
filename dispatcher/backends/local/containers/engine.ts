/** Docker or Podman, as much of their common command line as workers need. */
import { imageFacts, type ImageFacts } from './image-facts.js'
import { callEngine, type EngineAnswer } from './engine-call.js'

export type EngineName = 'docker' | 'podman'

const ANSWER_MS = 5000
const CALL_MS = 60_000
const PULL_MS = 3600 * 1000

export class ContainerEngine {
  readonly name: EngineName
  /** For its own client: where the engine is, and its user's configuration. */
  readonly environment: Readonly<Record<string, string>>
  #limitsMemory: Promise<boolean> | undefined

  constructor(name: EngineName, environment: Readonly<Record<string, string>>) {
    this.name = name
    this.environment = environment
  }

  /** Docker's client answers without its daemon too, but then it fails. */
  answers(): Promise<EngineAnswer> {
    return this.#call(['version'], ANSWER_MS)
  }

  /** False where it has no control group of its own for that, as without root on some machines. */
  limitsMemory(): Promise<boolean> {
    return (this.#limitsMemory ??= this.#askForMemoryLimits())
  }

  /** Undefined when the image is not on this machine. */
  async inspect(image: string): Promise<ImageFacts | undefined> {
    const { ok, output } = await this.#call(['image', 'inspect', image], CALL_MS)
    return ok ? imageFacts(output) : undefined
  }

  pull(image: string, signal: AbortSignal): Promise<EngineAnswer> {
    return this.#call(['pull', image], PULL_MS, signal)
  }

  /** Ends a container, if it is there, and removes it. */
  async remove(container: string): Promise<void> {
    await this.#call(['kill', container], CALL_MS)
    await this.#call(['rm', '--force', container], CALL_MS)
  }

  /** Names of the containers, also of ended ones, that have the label. */
  async withLabel(label: string): Promise<string[]> {
    const filter = ['--filter', `label=${label}`]
    const { output } = await this.#call(['ps', '--all', ...filter, '--format', '{{.Names}}'], CALL_MS)
    return output.split('\n').filter((name) => name !== '')
  }

  async #askForMemoryLimits(): Promise<boolean> {
    const format = this.name === 'docker' ? '{{.MemoryLimit}}' : '{{json .Host.CgroupControllers}}'
    const { ok, output } = await this.#call(['info', '--format', format], CALL_MS)
    return ok && (output.trim() === 'true' || output.includes('"memory"'))
  }

  #call(words: string[], deadlineMs: number, signal?: AbortSignal): Promise<EngineAnswer> {
    const { name: program, environment } = this
    return callEngine({ program, arguments: words, environment, deadlineMs, ...(signal ? { signal } : {}) })
  }
}
