/** Grants for the results of an attempt, and what was granted: only that can be published. */
import type { Readable } from 'node:stream'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { outputKey, outputsFor } from '../../runtime/contract/filters.js'
import type { OutputRule } from '../../runtime/contract/function-spec.js'
import { inTurn } from '../../runtime/contract/in-turn.js'
import { attemptId } from '../../runtime/contract/invocation.js'
import type { OutputGrant } from '../../runtime/contract/grant.js'
import {
  RUNTIME_PATHS,
  type OutputsAnswer,
  type OutputsRequest,
  type WorkerClaims,
} from '../../runtime/contract/runtime-api.js'
import type { AttemptRef, StagedOutput } from '../database/database.js'
import type { Outages, StoredObject } from '../outages.js'
import type { ObjectRef, ObjectStore, StageRequest } from '../storage/object-store.js'
import type { Granted, GrantBook } from './grant-book.js'
import { relayGrant, type Relay } from './relay-grant.js'

/** Milliseconds that a worker has for writing one result. */
const GRANT_MS = 6 * 3600 * 1000

/** Results of one attempt. */
const STAGED_AT_ONCE = 8

export interface OutputGrantsContext extends Relay {
  book: GrantBook
  outages: Pick<Outages, 'noteOutput'>
  store(name: string): ObjectStore
}

export interface GrantOutputs {
  rules: readonly OutputRule[]
  request: OutputsRequest
  claims: WorkerClaims
  now: number
}

/** One result and one of its places. */
export interface FillOutput {
  rule: OutputRule
  result: {
    /** Path below the output directory. */
    name: string
    /** bytes */
    size: number
    /** Where the store of the rule may read it itself. */
    from?: ObjectRef
    open(): Promise<Readable>
  }
}

export class OutputGrants {
  readonly #context: OutputGrantsContext

  constructor(context: OutputGrantsContext) {
    this.#context = context
  }

  async grant(ref: AttemptRef, { rules, request, claims, now }: GrantOutputs): Promise<OutputsAnswer> {
    const id = attemptId(ref.invocation, ref.attempt)
    const granted = await this.#context.book.load(ref)
    const outputs: OutputsAnswer['outputs'] = []
    for (const { name } of request.outputs) refuseTraversal(name)
    await inTurn(request.outputs.entries(), STAGED_AT_ONCE, async ([index, { name, size }]) => {
      const places = outputsFor(rules, name)
      const staged = await Promise.all(places.map((rule) => this.#stage({ id, rule, name, size, now })))
      granted.staged.set(
        name,
        staged.map(({ output }) => output),
      )
      outputs[index] = { name, grants: staged.map(({ grant }) => this.#withinReach(grant, { id, claims, granted })) }
    })
    await this.#context.book.save(ref, granted)
    return { outputs }
  }

  /** Stages one result that no worker will bring, as its content is at hand; `keep` is to be told of it. */
  async fill(ref: AttemptRef, { rule, result }: FillOutput): Promise<StagedOutput> {
    const { storage, bucket } = rule
    const { name, size } = result
    refuseTraversal(name)
    const key = outputKey(rule, name)
    const attempt = attemptId(ref.invocation, ref.attempt)
    const store = this.#context.store(storage)
    const request = { bucket, key, size, attempt }
    const ticket = await this.#noted({ storage, bucket, key }, async () => {
      const copied = result.from && (await store.fillFrom?.(request, result.from))
      return copied ?? (await fillByStream(store, request, result))
    })
    return { storage, bucket, key, size, ticket }
  }

  /** As if all of that had been granted, by name of the result. */
  async keep(ref: AttemptRef, staged: ReadonlyMap<string, StagedOutput[]>): Promise<void> {
    const { book } = this.#context
    const granted = await book.load(ref)
    await book.save(ref, { ...granted, staged: new Map([...granted.staged, ...staged]) })
  }

  /** What was granted for those names; undefined when a name never was (or nobody knows any more). */
  async staged(ref: AttemptRef, names: readonly string[]): Promise<StagedOutput[] | undefined> {
    if (names.length === 0) return []
    const granted = await this.#context.book.load(ref)
    const found = names.map((name) => granted.staged.get(name))
    return found.every((outputs) => outputs !== undefined) ? found.flat() : undefined
  }

  /** Where the result of that number is to be staged; undefined when none was granted. */
  async fileOf(ref: AttemptRef, number: number): Promise<string | undefined> {
    return (await this.#context.book.load(ref)).files[number]
  }

  forget(ref: AttemptRef): void {
    this.#context.book.forget(ref)
  }

  #withinReach(grant: OutputGrant, to: { id: string; claims: WorkerClaims; granted: Granted }): OutputGrant {
    const { id, claims, granted } = to
    if (claims.sharesDisk || !grant.url.startsWith('file:')) return grant
    const number = granted.files.push(grant.url) - 1
    return { ...grant, ...relayGrant(this.#context, RUNTIME_PATHS.result(id, number), claims) }
  }

  /** No more is run while nothing that comes of it could be kept. */
  async #noted<T>(object: StoredObject, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      if (isAway(thrown)) this.#context.outages.noteOutput(object, thrown)
      throw thrown
    }
  }

  async #stage(request: {
    id: string
    rule: OutputRule
    name: string
    size: number
    now: number
  }): Promise<{ grant: OutputGrant; output: StagedOutput }> {
    const { id, rule, name, size, now } = request
    const { storage, bucket } = rule
    const key = outputKey(rule, name)
    const ask = { bucket, key, size, attempt: id, expiresAt: now + GRANT_MS }
    const stage = () => this.#context.store(storage).stage(ask)
    const { grant, ticket } = await this.#noted({ storage, bucket, key }, stage)
    return { grant, output: { storage, bucket, key, size, ticket } }
  }
}

const isAway = (thrown: unknown): thrown is SpillwayError =>
  thrown instanceof SpillwayError && ['storage-unavailable', 'storage-refused'].includes(thrown.code)

async function fillByStream(
  store: ObjectStore,
  request: Omit<StageRequest, 'expiresAt'>,
  { open }: FillOutput['result'],
): Promise<string> {
  const content = await open()
  try {
    return await store.fill(request, content)
  } finally {
    content.destroy()
  }
}

function refuseTraversal(name: string): void {
  const parts = name.split('/')
  if (name === '' || name.includes('\0') || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new SpillwayError(
      'output-refused',
      `The result ${JSON.stringify(name)} has no proper relative path; write it below TMP_OUTPUT_DIR.`,
    )
}
