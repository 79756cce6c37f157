/** Calls of `accept` that come one after the other become one write: its statements cost little more for many than for one. */
import type { NewInvocation } from '../database.js'
import type { Outcome } from '../group-commit.js'
import { accept } from './accept.js'
import type { PostgresWrite } from './writer.js'

export type Work = { accept: readonly NewInvocation[] } | { write: PostgresWrite }

/** One or more pieces of work that follow each other, with one outcome for each. */
export interface Fused {
  size: number
  write: PostgresWrite<Outcome[]>
}

export function fuse(work: readonly Work[]): Fused[] {
  const fused: Fused[] = []
  let calls: (readonly NewInvocation[])[] = []
  const flush = () => {
    if (calls.length > 0) fused.push({ size: calls.length, write: accept(calls) })
    calls = []
  }
  for (const one of work) {
    if ('accept' in one) calls.push(one.accept)
    else {
      flush()
      fused.push(alone(one))
    }
  }
  flush()
  return fused
}

/** Nothing fused: when a write of many fails, each of them is tried by itself. */
export const apart = (work: readonly Work[]): Fused[] =>
  work.map((one) => ('accept' in one ? { size: 1, write: accept([one.accept]) } : alone(one)))

const alone = ({ write }: { write: PostgresWrite }): Fused => ({
  size: 1,
  write: { statements: write.statements, read: (answers) => [() => write.read(answers)] },
})
