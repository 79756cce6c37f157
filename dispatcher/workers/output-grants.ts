/** Grants for the results of an attempt, and what was granted: only that can be published. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import { outputKey, outputsFor } from '../../runtime/contract/filters.js'
import type { OutputRule } from '../../runtime/contract/function-spec.js'
import { attemptId } from '../../runtime/contract/invocation.js'
import type { OutputGrant } from '../../runtime/contract/grant.js'
import type { OutputsAnswer, OutputsRequest } from '../../runtime/contract/runtime-api.js'
import type { AttemptRef, StagedOutput } from '../database/database.js'
import type { ObjectStore } from '../storage/object-store.js'

/** Milliseconds that a worker has for writing one result. */
const GRANT_MS = 6 * 3600 * 1000

export class OutputGrants {
  readonly #store: (name: string) => ObjectStore
  readonly #granted = new Map<string, Map<string, StagedOutput[]>>()

  constructor(store: (name: string) => ObjectStore) {
    this.#store = store
  }

  async grant(
    ref: AttemptRef,
    rules: readonly OutputRule[],
    request: OutputsRequest,
    now: number,
  ): Promise<OutputsAnswer> {
    const id = attemptId(ref.invocation, ref.attempt)
    const granted = this.#granted.get(id) ?? new Map<string, StagedOutput[]>()
    this.#granted.set(id, granted)
    const outputs: OutputsAnswer['outputs'] = []
    for (const { name, size } of request.outputs) {
      refuseTraversal(name)
      const places = outputsFor(rules, name)
      const staged = await Promise.all(places.map((rule) => this.#stage({ id, rule, name, size, now })))
      granted.set(
        name,
        staged.map(({ output }) => output),
      )
      outputs.push({ name, grants: staged.map(({ grant }) => grant) })
    }
    return { outputs }
  }

  /** What was granted for those names; undefined when a name never was (or the dispatcher has restarted since). */
  staged(ref: AttemptRef, names: readonly string[]): StagedOutput[] | undefined {
    const granted = this.#granted.get(attemptId(ref.invocation, ref.attempt))
    const found = names.map((name) => granted?.get(name))
    return found.every((outputs) => outputs !== undefined) ? found.flat() : undefined
  }

  /** Storages in which the attempt may have left something. */
  forget(ref: AttemptRef): string[] {
    const id = attemptId(ref.invocation, ref.attempt)
    const granted = this.#granted.get(id)
    this.#granted.delete(id)
    return [...new Set([...(granted?.values() ?? [])].flat().map(({ storage }) => storage))]
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
    const { grant, ticket } = await this.#store(storage).stage({
      bucket,
      key,
      size,
      attempt: id,
      expiresAt: now + GRANT_MS,
    })
    return { grant, output: { storage, bucket, key, size, ticket } }
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
