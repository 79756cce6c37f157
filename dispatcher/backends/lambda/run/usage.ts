/** What an attempt used, by the best that is known: Lambda's own report, else the supervisor's clock. Pure. */
import { specFor } from '../../../../runtime/contract/function-spec.js'
import type { OutcomeDocument } from '../../../../runtime/contract/lambda-call.js'
import type { AttemptCall, Usage } from '../../call-backend.js'
import type { InvocationAnswer } from './aws.js'
import { parseReport } from './report-line.js'

export interface UsageFacts {
  document?: OutcomeDocument
  answer?: InvocationAnswer
  /** An upper bound where nothing else is known. */
  billedMs?: number
}

/** No usage when nothing is known at all. */
export function usageOf({ release }: AttemptCall, facts: UsageFacts): { usage?: Usage } {
  const billedMs = billed(facts)
  if (billedMs === undefined) return {}
  const { memorySize, ephemeralStorageSize, architecture } = specFor(release.spec, 'lambda')
  return { usage: { billedMs, memorySize, ephemeralStorageSize, architecture } }
}

function billed({ document, answer, billedMs }: UsageFacts): number | undefined {
  const report = parseReport(answer?.logTail ?? '')
  if (report) return report.billedMs
  if (!document) return billedMs
  return Math.ceil(document.endedAt - document.startedAt + (document.initMs ?? 0))
}
