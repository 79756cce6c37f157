/** The functions that are registered: puts releases on record and answers who takes an object. */
import { createHash } from 'node:crypto'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { inputAccepts } from '../../runtime/contract/filters.js'
import type { PackagedFile } from '../../runtime/contract/dispatcher-api.js'
import type { BackendName, FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import { formatProblems, type Problem } from '../../runtime/contract/problem.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'
import { findLoop } from '../../runtime/contract/workflow.js'
import type { Release } from '../../runtime/contract/release.js'
import type { Database } from '../database/database.js'
import { encodePackage, packageProblems } from './package-document.js'

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/

export interface RegistryContext {
  database: Database
  storages: readonly string[]
  backends: readonly BackendName[]
  /** What a back-end has against a spec that is otherwise right. */
  refusals(spec: FunctionSpec): Problem[]
}

export interface Registration {
  name: string
  /** As `read` gave it. */
  spec: FunctionSpec
  files: PackagedFile[]
  now: number
}

export class Registry {
  readonly #context: RegistryContext
  readonly #current = new Map<string, Release>()
  readonly #past = new Map<string, Release>()
  /** Goes up with every change made here. */
  #changes = 0
  /** Looks at the record that were begun, and the newest of those that count: one that took longer is out of date. */
  #looks = 0
  #newest = 0

  private constructor(context: RegistryContext) {
    this.#context = context
  }

  static async open(context: RegistryContext): Promise<Registry> {
    const registry = new Registry(context)
    await registry.refresh()
    return registry
  }

  /** Looks in the record what other dispatchers have registered and removed. */
  async refresh(): Promise<void> {
    const before = this.#changes
    const look = ++this.#looks
    const releases = await this.#context.database.currentReleases()
    if (before !== this.#changes) return this.refresh()
    if (look < this.#newest) return
    this.#newest = look
    this.#current.clear()
    for (const release of releases) this.#current.set(release.function, release)
  }

  /** The spec in normal form; `invalid-spec` with everything that is wrong with it. */
  read(name: string, raw: unknown, files: PackagedFile[]): FunctionSpec {
    if (!NAME.test(name))
      throw new SpillwayError(
        'invalid-spec',
        `The name of a function must be 1 to 128 letters, digits, - or _, got ${JSON.stringify(name)}.`,
      )
    const { storages, backends } = this.#context
    const { value, problems } = readFunctionSpec(raw, { path: name, storages, backends })
    const all = value
      ? [...packageProblems(value, files, name), ...this.#context.refusals(value), ...this.#loops(name, value)]
      : problems
    if (value && all.length === 0) return value
    throw new SpillwayError(
      'invalid-spec',
      `The spec of ${name} has ${all.length} problem(s):\n${formatProblems(all)}`,
      { problems: all },
    )
  }

  async put({ name, spec, files, now }: Registration): Promise<{ release: Release; created: boolean }> {
    const content = encodePackage(files)
    const packageDigest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    const answer = await this.#context.database.putRelease({
      function: name,
      spec,
      package: content,
      packageDigest,
      now,
    })
    this.#changes++
    this.#current.set(name, answer.release)
    return answer
  }

  async remove(name: string, now: number): Promise<boolean> {
    const removed = await this.#context.database.removeFunction(name, now)
    this.#changes++
    this.#current.delete(name)
    return removed
  }

  all(): Release[] {
    return [...this.#current.values()].sort((a, b) => (a.function < b.function ? -1 : 1))
  }

  has(name: string): boolean {
    return this.#current.has(name)
  }

  current(name: string): Release {
    const release = this.#current.get(name)
    if (release) return release
    const known = this.all().map((other) => other.function)
    throw new SpillwayError('function-not-found', `There is no function ${name}; known: ${known.join(', ') || 'none'}.`)
  }

  /** Any release that was ever registered here; the token of a worker may name one that was not. */
  async release(name: string, number: number): Promise<Release> {
    const current = this.#current.get(name)
    if (current?.number === number) return current
    const key = `${name} ${number}`
    const release = this.#past.get(key) ?? (await this.#context.database.getRelease(name, number))
    if (!release)
      throw new SpillwayError(
        'function-not-found',
        `There is no release ${number} of a function ${name}; it may have been registered with another database.`,
      )
    this.#past.set(key, release)
    return release
  }

  /** Releases that take the object. */
  takers(event: ObjectEvent): Release[] {
    return this.all().filter(({ spec }) => spec.input.some((rule) => inputAccepts(rule, event)))
  }
  /** A chain of functions that starts itself again would never end. */
  #loops(name: string, spec: FunctionSpec): Problem[] {
    const others = this.all().filter((release) => release.function !== name)
    const specs = Object.fromEntries(others.map((release) => [release.function, release.spec]))
    const loop = findLoop({ [name]: spec, ...specs })
    if (!loop?.includes(name)) return []
    return [
      {
        path: `${name}.output`,
        expected: `must not start the function itself again: ${loop.join(' -> ')}`,
        fix: 'Write results under another prefix than the input, or narrow `suffix` and `match`.',
      },
    ]
  }
}
