/** What an attempt used, by the best that is known: Lambda's own report, else the supervisor's clock. Pure. */
import { specFor } from '../../../../runtime/contract/function-spec.js'
import type { OutcomeDocument } from '../../../../runtime/contract/lambda-call.js'
import type { CalledAttempt, Usage } from '../../call-backend.js'
import type { InvocationAnswer } from './aws.js'
import { parseReport } from './report-line.js'

export interface UsageFacts {
  document?: OutcomeDocument
  answer?: InvocationAnswer
  /** Milliseconds that it cannot have taken longer than, for where nothing else is known. */
  most: number
}

export function usageOf({ release }: CalledAttempt, facts: UsageFacts): Usage {
  const { memorySize, ephemeralStorageSize, architecture } = specFor(release.spec, 'lambda')
  return { billedMs: billed(facts), memorySize, ephemeralStorageSize, architecture }
}

function billed({ document, answer, most }: UsageFacts): number {
  const report = parseReport(answer?.logTail ?? '')
  if (report) return report.billedMs
  if (!document) return most
  return Math.ceil(document.endedAt - document.startedAt + (document.initMs ?? 0))
}
