/** The last line of a log on Lambda: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html. Pure. */

export interface ReportFacts {
  /** Milliseconds, the start of the sandbox included. */
  billedMs: number
  /** MB */
  memorySize: number
  /** MB */
  maxMemoryUsed: number
}

/** Undefined when the line is not there. */
export function parseReport(logTail: string): ReportFacts | undefined {
  const line = /^REPORT RequestId: .*$/m.exec(logTail)?.[0] ?? ''
  const valueOf = (name: string) => Number(new RegExp(`\\t${name}: ([0-9.]+) `).exec(line)?.[1])
  const facts = {
    billedMs: valueOf('Billed Duration'),
    memorySize: valueOf('Memory Size'),
    maxMemoryUsed: valueOf('Max Memory Used'),
  }
  return Object.values(facts).every((value) => Number.isFinite(value)) ? facts : undefined
}

/** Lines of Lambda's own. */
const PLATFORM = /^(START|END|REPORT|INIT_START|INIT_REPORT|EXTENSION|TELEMETRY|XRAY) /

/** What the function printed, of the end of its log; the first line may be the end of one. */
export const printedLines = (logTail: string): string[] =>
  logTail.split('\n').filter((line) => line.trim() !== '' && !PLATFORM.test(line))
