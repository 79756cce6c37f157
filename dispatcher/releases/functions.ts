/** What people do with functions: register, remove, look at, ask where work of one would run. */
import type {
  FunctionDetails,
  FunctionRecord,
  PackagedFile,
  PutFunction,
  PutFunctionAnswer,
} from '../../runtime/contract/dispatcher-api.js'
import { asError, SpillwayError } from '../../runtime/contract/errors.js'
import { fileFacts } from '../../runtime/contract/file-facts.js'
import type { FunctionSpec, InputRule } from '../../runtime/contract/function-spec.js'
import { formatLocation } from '../../runtime/contract/location.js'
import type { Problem } from '../../runtime/contract/problem.js'
import type { Backend, BackendsAtHand } from '../wiring/backends-at-hand.js'
import type { Release } from '../../runtime/contract/release.js'
import type { Database } from '../database/database.js'
import { packages } from './packages.js'
import { notifyBuckets } from '../intake/notify-buckets.js'
import type { Registry } from './registry.js'
import { misfits } from '../router/fit.js'
import { declaredRunTime } from '../router/run-time.js'
import type { Stores } from '../storage/stores.js'

export interface FunctionsContext {
  registry: Registry
  database: Database
  stores: Stores
  backends: BackendsAtHand
  now(): number
  /** Called after a function came, changed or went. */
  onChanged(): void
  warn(message: string): void
}

export class Functions {
  readonly #context: FunctionsContext

  constructor(context: FunctionsContext) {
    this.#context = context
  }

  /**
   * Makes the buckets it names, puts the release on record, then has its storages report new files. Where they cannot, it
   * throws, though the function is there and finds its files by listing; to put it again mends that.
   */
  async put(name: string, { spec: raw, files: given, filesOf }: PutFunction): Promise<PutFunctionAnswer> {
    const { registry, database, stores, now, onChanged } = this.#context
    if (database.shared) await registry.refresh()
    const files = filesOf === undefined ? given : await this.#filesOf(await registry.release(name, filesOf), given)
    const spec = registry.read(name, raw, files)
    for (const { storage, bucket } of [...spec.input, ...spec.output]) await stores.get(storage).ensureBucket(bucket)
    const before = this.#inputRules(name)
    const { release, created } = await registry.put({ name, spec, files, now: now() })
    onChanged()
    await this.#notify(spec.input)
    await this.#notifyNoMore(before.filter((old) => !spec.input.some((rule) => isSameBucket(rule, old))))
    return { ...(await this.#describe(release)), created }
  }

  /** False when there is no such function. */
  async remove(name: string): Promise<boolean> {
    const before = this.#inputRules(name)
    const removed = await this.#context.registry.remove(name, this.#context.now())
    this.#context.onChanged()
    await this.#notifyNoMore(before)
    return removed
  }

  /** Call it before a function is named: another dispatcher may have registered it just now. */
  async meet(name: string): Promise<void> {
    const { registry, database } = this.#context
    if (database.shared && !registry.has(name)) await registry.refresh()
  }

  async get(name: string): Promise<FunctionDetails> {
    const release = this.#context.registry.current(name)
    const files = await packages(this.#context.database)(release)
    return { ...(await this.#describe(release)), files: files.map(fileFacts) }
  }

  list(): Promise<FunctionRecord[]> {
    return Promise.all(this.#context.registry.all().map((release) => this.#describe(release)))
  }

  /** Where files for it go, as people write it. */
  inputsOf(name: string): string[] {
    return this.#context.registry.current(name).spec.input.map(formatLocation)
  }

  async #filesOf(release: Release, given: PackagedFile[]): Promise<PackagedFile[]> {
    if (given.length === 0) return packages(this.#context.database)(release)
    throw new SpillwayError(
      'invalid-request',
      `\`files\` must be empty beside \`filesOf\`, got ${given.length} file(s): send the files, or the number of the release that has them.`,
    )
  }

  #inputRules(name: string): readonly InputRule[] {
    const functions = this.#context.registry.all()
    return functions.find((release) => release.function === name)?.spec.input ?? []
  }

  #notify(rules: readonly InputRule[]): Promise<void> {
    const { registry, stores } = this.#context
    const inputs = registry.all().flatMap(({ spec }) => spec.input)
    return notifyBuckets(rules, { store: (name) => stores.get(name), inputs })
  }

  /** What a store goes on reporting does no harm: nobody takes it. So a store that is gone keeps no function alive. */
  async #notifyNoMore(rules: readonly InputRule[]): Promise<void> {
    await this.#notify(rules).catch((thrown: unknown) =>
      this.#context.warn(`notifications that nobody needs any more were left: ${asError(thrown).message}`),
    )
  }

  async #describe({ function: name, number, createdAt, spec }: Release): Promise<FunctionRecord> {
    const backlogs = await this.#context.database.backlogs(Number.MAX_SAFE_INTEGER)
    const mine = backlogs.filter((backlog) => backlog.function === name)
    return {
      name,
      release: number,
      releasedAt: createdAt,
      spec,
      queued: sum(mine.map(({ queued }) => queued)),
      running: sum(mine.map(({ running }) => running)),
      notes: this.#context.backends.all().flatMap((backend) => backend.check(spec).notes),
      warnings: warningsOf(spec, this.#context.backends.all()),
    }
  }
}

const isSameBucket = (a: InputRule, b: InputRule) => a.storage === b.storage && a.bucket === b.bucket

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

/** Back-ends that the function lists and that can never run it, each with the reason. */
export function warningsOf(spec: FunctionSpec, backends: readonly Pick<Backend, 'limits' | 'check'>[]): string[] {
  const listed = backends.filter(({ limits }) => spec.backends?.includes(limits.name))
  return listed.flatMap((backend) => {
    const { name } = backend.limits
    const { refusal } = backend.check(spec)
    const never = refusal ?? misfits(spec, 0, backend.limits, NO_TIME)[0]?.text.replace(`${name}: `, '')
    return never === undefined ? [] : [`${name}: listed, but it can never run this function: ${never}`]
  })
}

/** Work that takes no time: how long it takes is not known for ever. */
const NO_TIME = declaredRunTime({ timeout: 0, hint: 0 })

/** Why no back-end can ever run the function, one problem per back-end; empty = one can. */
export function refusals(spec: FunctionSpec, backends: readonly Backend[]): Problem[] {
  const listed = backends.filter(({ limits }) => spec.backends?.includes(limits.name) ?? true)
  const answers = listed.map((backend) => backend.check(spec).refusal ?? misfits(spec, 0, backend.limits)[0]?.text)
  if (answers.some((refusal) => refusal === undefined)) return []
  return answers.map((refusal) => ({ path: 'backends', expected: `must have one that can run it; ${refusal}` }))
}
