/** A dispatcher's answers as plain objects, for the live view. */
import type {
  AttemptRecord,
  BackendStatus,
  FunctionRecord,
  InvocationRecord,
} from '../../../runtime/contract/dispatcher-api.js'
import type { InvocationQuery } from '../../../plugin/dispatcher-client.js'

/** Epoch milliseconds at which everything begins. */
export const T0 = Date.UTC(2026, 7, 1)

const CAN = { healthy: true, workers: 0, notes: [] }

export class SmallDispatcher {
  now = T0
  readonly records: InvocationRecord[] = []
  /** Ids whose records were asked for. */
  readonly asked: string[] = []
  messages: string[] = []

  accept(key: string): InvocationRecord {
    const event = { storage: 'here', bucket: 'in', key, size: 10, time: new Date(this.now).toISOString() }
    const record: InvocationRecord = {
      id: `id-${this.records.length}`,
      function: 'f',
      release: 1,
      state: 'queued',
      input: { kind: 'object', event },
      acceptedAt: this.now,
      attempts: 0,
      moves: [],
      decision: {
        eligible: ['local', 'lambda'],
        spillAt: this.now + 4000,
        reasons: [{ code: 'waiting-budget', text: 'waiting budget 4 s' }],
        terms: { rule: 'waiting-budget', hold: 4 },
      },
      tries: [],
      outputs: [],
    }
    this.records.push(record)
    return record
  }

  start(record: InvocationRecord, backend: AttemptRecord['backend']): void {
    const number = ++record.attempts
    record.tries.push({ number, backend, worker: 'w', startedAt: this.now })
    record.state = 'running'
  }

  end(record: InvocationRecord, { cause, cost }: Pick<AttemptRecord, 'cause' | 'cost'> = {}): void {
    const attempt = record.tries.at(-1)!
    Object.assign(attempt, { endedAt: this.now }, cause && { cause }, cost !== undefined && { cost })
    record.state = cause ? 'failed' : 'succeeded'
    record.endedAt = this.now
    if (cause) record.cause = cause
  }

  async functions(): Promise<FunctionRecord[]> {
    const count = (state: string) => this.records.filter((record) => record.state === state).length
    const facts = { release: 1, releasedAt: T0, spec: {}, notes: [] }
    return [{ name: 'f', ...facts, queued: count('queued'), running: count('running') }]
  }

  async backends(): Promise<BackendStatus[]> {
    const running = (name: string) =>
      this.records.filter(({ state, tries }) => state === 'running' && tries.at(-1)?.backend === name).length
    const { messages } = this
    return [
      { name: 'local', public: false, slots: 2, running: running('local'), ...CAN },
      { name: 'lambda', public: true, slots: 1000, running: running('lambda'), ...CAN, messages },
    ]
  }

  async invocations({ state, since = 0, limit = 100 }: InvocationQuery) {
    const found = this.records.filter((one) => one.acceptedAt >= since && (state ?? one.state) === one.state)
    return { invocations: found.toReversed().slice(0, limit) }
  }

  async invocation(id: string): Promise<InvocationRecord> {
    this.asked.push(id)
    return this.records.find((record) => record.id === id)!
  }
}
