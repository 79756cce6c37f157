/** A back-end that is called, as far as the dispatcher sees it: keeps what it was given until the test ends it. */
import { Readable } from 'node:stream'
import type {
  AttemptCall,
  CallBackend,
  CalledAttempt,
  CallHost,
  StagedResult,
  Usage,
} from '../../dispatcher/backends/call-backend.js'
import type { Outcome } from '../../runtime/contract/outcome.js'

export class FakeCallBackend implements CallBackend {
  readonly limits = { name: 'lambda' as const, public: true }
  readonly started: AttemptCall[] = []
  readonly resumed: AttemptCall[] = []
  readonly woundUp: CalledAttempt[] = []
  readonly cancelled: string[] = []
  readonly forgotten: string[] = []
  readonly #results = new Map<string, Record<string, string>>()

  constructor(
    readonly host: CallHost,
    public free = Infinity,
  ) {}

  check = () => ({ notes: [] })
  room = () => this.free
  start(call: AttemptCall): void {
    this.free--
    this.started.push(call)
  }
  resume = (call: AttemptCall) => void this.resumed.push(call)
  windUp = (call: CalledAttempt) => void this.woundUp.push(call)
  cancel = (attempt: string) => void this.cancelled.push(attempt)
  status = () => ({ name: 'lambda' as const, public: true, healthy: true, slots: 0, workers: 0, notes: [] })
  close = async () => undefined

  forget = async (attempt: string) => {
    this.forgotten.push(attempt)
    this.#results.delete(attempt)
  }

  /** The attempt has ended, with these results in the staging place. */
  end(
    attempt: string,
    outcome: Outcome,
    { results = {}, usage }: { results?: Record<string, string>; usage?: Usage | 'none' } = {},
  ) {
    this.#results.set(attempt, results)
    this.host.onOutcome(attempt, outcome, usage)
  }

  async *results(attempt: string): AsyncGenerator<StagedResult> {
    for (const [name, content] of Object.entries(this.#results.get(attempt) ?? {})) {
      const size = Buffer.byteLength(content)
      yield { name, size, bucket: 'staging', key: name, open: async () => Readable.from([Buffer.from(content)]) }
    }
  }
}
