/** One thing that is wrong with what a person wrote: where, what was expected, what came, what to do. */
export interface Problem {
  /** Path in the person's own file, e.g. `functions.classify.timeout`. */
  path: string
  /** What was expected, as the rest of the sentence "<path> ...". */
  expected: string
  /** What came; undefined when it is missing. */
  value?: unknown
  /** What to do about it. */
  fix?: string
}

const VALUE_LENGTH_MAX = 120

/** `functions.f.timeout must be a duration, got "20x". Write 300 or 20m.` */
export function formatProblem({ path, expected, value, fix }: Problem): string {
  const came = value === undefined ? '' : `, got ${shorten(JSON.stringify(value))}`
  return `${path} ${expected}${came}.${fix ? ` ${fix}` : ''}`
}

export const formatProblems = (problems: Problem[]): string =>
  problems.map((problem) => `  - ${formatProblem(problem)}`).join('\n')

const shorten = (text: string | undefined) =>
  text === undefined ? 'nothing' : text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}...` : text
