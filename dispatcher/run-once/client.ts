/** The few calls that one run makes to its dispatcher. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import {
  API_PATHS,
  type Accepted,
  type InvocationList,
  type InvocationRecord,
  type PutFunction,
  type PutFunctionAnswer,
} from '../../runtime/contract/dispatcher-api.js'
import { SpillwayError, type ProblemDocument } from '../../runtime/contract/errors.js'
import { isEnded } from '../../runtime/contract/invocation.js'
import type { LogLine } from '../../runtime/contract/runtime-api.js'

/** Milliseconds between two questions while the dispatcher finds the input. */
const LOOK_EVERY_MS = 50

const JSON_BODY = { 'content-type': 'application/json' }

export class OneRunClient {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Answers what its user should know. */
  async put(name: string, body: PutFunction): Promise<string[]> {
    const request = { method: 'PUT', headers: JSON_BODY, body: JSON.stringify(body) }
    return (await this.#json<PutFunctionAnswer>(API_PATHS.function(name), request)).notes
  }

  async invoke(name: string, file: string | undefined): Promise<string> {
    const body = file === undefined ? '' : readFileSync(file)
    return (await this.#json<Accepted>(API_PATHS.invoke(name), { method: 'POST', body })).id
  }

  /** The first invocation there is, once there is one. */
  async first(): Promise<string> {
    for (;;) {
      const { invocations } = await this.#json<InvocationList>(API_PATHS.invocations)
      if (invocations[0]) return invocations[0].id
      await delay(LOOK_EVERY_MS)
    }
  }

  /** Resolves when the invocation has ended. */
  async followLog(id: string, onLine: (line: LogLine) => void): Promise<void> {
    const { body } = await this.#call(`${API_PATHS.log(id)}?follow=true`)
    if (!body) return
    const lines = createInterface({ input: Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]) })
    for await (const line of lines) if (line !== '') onLine(JSON.parse(line) as LogLine)
  }

  async ended(id: string): Promise<InvocationRecord> {
    for (;;) {
      const record = await this.#json<InvocationRecord>(`${API_PATHS.invocation(id)}?wait=30s`)
      if (isEnded(record.state)) return record
    }
  }

  async cancel(id: string): Promise<void> {
    await fetch(this.#url + API_PATHS.cancel(id), { method: 'POST' }).catch(() => undefined)
  }

  async #json<T>(path: string, request: RequestInit = {}): Promise<T> {
    return (await (await this.#call(path, request)).json()) as T
  }

  async #call(path: string, request: RequestInit = {}): Promise<Response> {
    const answer = await fetch(this.#url + path, request)
    if (answer.ok) return answer
    const { code, detail } = (await answer.json()) as ProblemDocument
    throw new SpillwayError(code, detail)
  }
}
