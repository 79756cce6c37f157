/** Starts workers in containers: the image, the runtime kit and the command line put together. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import type { WorkerFile, WorkerRun } from '../../../../runtime/contract/runtime-api.js'
import { buildKit, type Kit } from '../../../images/kit.js'
import { steering } from '../../steering.js'
import { ContainerWorker } from './container-worker.js'
import type { ContainerEngine } from './engine.js'
import type { ImageFacts } from './image-facts.js'
import { ImageFault, Images } from './images.js'
import { INSIDE } from './run-arguments.js'

export interface ContainersConfig {
  engine: ContainerEngine
  /** Further options of `run`. */
  options: readonly string[]
  /** Directory of the local back-end; what runs below it is ours. */
  directory: string
  /** Path of the bundled supervisor. */
  supervisor: string
  now(): number
}

/** What a container needs before it can start; getting it may take as long as pulling an image. */
export interface Prepared {
  facts: ImageFacts
  kit: Kit
  /** MB */
  memory?: number
}

export interface StartInContainer {
  id: string
  directory: string
  /** The release's files on this machine. */
  filesDir: string
  spec: FunctionSpec
  /** As for a worker on the machine itself, but for what the image decides. */
  file: Omit<WorkerFile, 'run' | 'filesDir' | 'workingDirectory'>
  runtimeApi: string
  token: string
  onEnd(why: string, fault?: string): void
}

const NAME_PREFIX = 'spillway-'

export class Containers {
  readonly #config: ContainersConfig
  readonly #images: Images
  readonly #label: string
  #kit: Promise<Kit> | undefined

  constructor(config: ContainersConfig) {
    this.#config = config
    this.#images = new Images(config.engine, () => config.now())
    this.#label = `spillway.state=${createHash('sha256').update(config.directory).digest('hex').slice(0, 16)}`
  }

  get engineName(): string {
    return this.#config.engine.name
  }

  async prepare(spec: FunctionSpec): Promise<Prepared> {
    const facts = await this.#images.facts(spec.image!)
    if (!spec.script && !spec.command && facts.program.length === 0)
      throw new ImageFault(`the image ${spec.image} has neither ENTRYPOINT nor CMD; add a script or a command`)
    const limited = await this.#config.engine.limitsMemory()
    return { facts, kit: await this.#buildKit(), ...(limited ? { memory: spec.memorySize } : {}) }
  }

  start({ id, directory, filesDir, spec, file, ...rest }: StartInContainer, prepared: Prepared): ContainerWorker {
    const { facts, kit, memory } = prepared
    const hidden = steering(facts.environment)
    return new ContainerWorker({
      ...rest,
      engine: this.#config.engine,
      directory,
      run: {
        name: NAME_PREFIX + id,
        label: this.#label,
        image: facts.id,
        ...(memory === undefined ? {} : { memory }),
        kit,
        filesDir,
        hidden: Object.keys(hidden),
        options: this.#config.options,
      },
      file: {
        ...file,
        run: runOf(spec, facts),
        environment: { ...hidden, ...file.environment },
        filesDir: INSIDE.files,
        workingDirectory: facts.workingDirectory,
      },
    })
  }

  /** Removes containers that an earlier dispatcher of this directory left, except those of workers to be kept. */
  async sweep(isKept: (worker: string) => boolean): Promise<void> {
    const { engine } = this.#config
    const names = await engine.withLabel(this.#label)
    const dead = names.filter((name) => !isKept(name.slice(NAME_PREFIX.length)))
    await Promise.all(dead.map((name) => engine.remove(name)))
  }

  /** Ends what may take long: pulling. */
  close(): void {
    this.#images.close()
  }

  #buildKit(): Promise<Kit> {
    const { supervisor, directory } = this.#config
    this.#kit ??= buildKit({ node: process.execPath, supervisor, parent: join(directory, 'kit') }).catch(
      (error: unknown) => {
        this.#kit = undefined
        throw error
      },
    )
    return this.#kit
  }
}

/** A script or a command stands in for the image's own ENTRYPOINT and CMD. */
function runOf({ script, command }: FunctionSpec, { program }: ImageFacts): WorkerRun {
  if (script) return { kind: 'script', path: join(INSIDE.files, script) }
  return { kind: 'command', command: command ?? program }
}
