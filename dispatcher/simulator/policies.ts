/** The policies that a job list is played under: as they are written, and varied in one key. Pure. */
import { parse, YAMLParseError } from 'yaml'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { formatProblems } from '../../runtime/contract/problem.js'
import { isRecord, readWith } from '../../runtime/contract/read-schema.js'
import { RoutingPolicySchema, type RoutingPolicy } from '../../runtime/contract/routing-policy.js'

export interface NamedPolicy {
  /** As it was written. */
  name: string
  policy: RoutingPolicy
}

export interface Sweep {
  /** Path below `routing`, e.g. `waitingBudget.factor`. */
  key: string
  values: string[]
}

/** What would stand under `routing`, as YAML. */
export function readPolicy(text: string): NamedPolicy {
  const raw = rawOf(text)
  const isDefault = isRecord(raw) && Object.keys(raw).length === 0
  return { name: isDefault ? 'default' : text.trim(), policy: policyOf(raw, text) }
}

/** `waitingBudget.factor=0,0.5,1` */
export function readSweep(text: string): Sweep {
  const [, key, list] = /^([a-zA-Z]+(?:\.[a-zA-Z]+)*)=(.+)$/.exec(text) ?? []
  const values = list?.split(',').map((value) => value.trim()) ?? []
  if (key === undefined || values.length === 0 || values.includes(''))
    throw new SpillwayError(
      'invalid-configuration',
      `--sweep must be a key below \`routing\` and its values, as in waitingBudget.factor=0,0.5,1, got ${JSON.stringify(text)}.`,
    )
  return { key, values }
}

/** The policy with each value of the sweep in turn. */
export function sweepOf(text: string, { key, values }: Sweep): NamedPolicy[] {
  return values.map((value) => {
    const raw = withValue(rawOf(text), key.split('.'), parse(value))
    return { name: value, policy: policyOf(raw, `${key}=${value}`) }
  })
}

function rawOf(text: string): unknown {
  try {
    return parse(text) ?? {}
  } catch (thrown) {
    if (!(thrown instanceof YAMLParseError)) throw thrown
    throw new SpillwayError('invalid-configuration', `--policy ${JSON.stringify(text)} is not YAML: ${thrown.message}`)
  }
}

function withValue(raw: unknown, [key, ...rest]: string[], value: unknown): unknown {
  const before = isRecord(raw) ? raw : {}
  return { ...before, [key!]: rest.length > 0 ? withValue(before[key!], rest, value) : value }
}

function policyOf(raw: unknown, text: string): RoutingPolicy {
  const { value, problems } = readWith<RoutingPolicy>(RoutingPolicySchema, raw, 'routing')
  if (value) return value
  throw new SpillwayError('invalid-configuration', `Policy ${text} cannot be read:\n${formatProblems(problems)}`)
}
