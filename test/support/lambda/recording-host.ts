/** The dispatcher as a called back-end sees it: writes down all that it is told. */
import type { CallHost, Usage } from '../../../dispatcher/backends/call-backend.js'
import type { Outcome } from '../../../runtime/contract/outcome.js'
import type { LogLine } from '../../../runtime/contract/runtime-api.js'
import { eventually } from '../eventually.js'

export interface ToldEnd {
  outcome: Outcome
  usage: Usage | 'none' | undefined
  /** Undefined when nothing was used for all that is known. */
  billedMs: number | undefined
}

export class RecordingHost implements CallHost {
  readonly ends = new Map<string, ToldEnd[]>()
  readonly alive: string[] = []
  readonly lines = new Map<string, LogLine[]>()
  readonly said: string[] = []

  onOutcome = (attempt: string, outcome: Outcome, usage?: Usage | 'none'): void => {
    const billedMs = typeof usage === 'object' ? usage.billedMs : undefined
    this.ends.set(attempt, [...(this.ends.get(attempt) ?? []), { outcome, usage, billedMs }])
  }
  onAlive = (attempt: string): void => void this.alive.push(attempt)
  onLog = (attempt: string, lines: readonly LogLine[]): void => {
    this.lines.set(attempt, [...(this.lines.get(attempt) ?? []), ...lines])
  }
  onRoom = (): void => undefined
  log: CallHost['log'] = (_level, message) => void this.said.push(message)

  /** The one end of an attempt. */
  async end(attempt: string, timeoutMs = 15_000): Promise<ToldEnd> {
    const [end] = await eventually(() => this.ends.get(attempt), { timeoutMs, what: 'the end of the attempt' })
    return end!
  }
}
