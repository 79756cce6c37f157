/** Variables of the dispatcher that nobody should read: tokens, and the keys of storages. */
import { randomBytes } from 'node:crypto'
import { labelsOf } from './labels.js'
import type { Manifest } from './manifest.js'
import { namesOf, type InstallPlan } from './plan.js'

type Environment = Readonly<Record<string, string | undefined>>

/** What the dispatcher reads from its environment and from nowhere else. */
const SECRET_VARIABLE =
  /^SPILLWAY_(WORKER_SECRET|TOKENS_(USER|EVENTS)|DATABASE_PASSWORD|SECRET_.+|REGISTRY_.+_(USERNAME|PASSWORD)|STORAGE_.+_(ACCESS_KEY|SECRET_KEY|SESSION_TOKEN))$/

const GENERATED = ['SPILLWAY_WORKER_SECRET', 'SPILLWAY_TOKENS_USER', 'SPILLWAY_TOKENS_EVENTS']

const GENERATED_BYTES = 32

/** What is given now comes before what was there, and what is in neither and has to be is made up. */
export function secretsFor(given: Environment, before: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(given).filter(
    (entry): entry is [string, string] => SECRET_VARIABLE.test(entry[0]) && Boolean(entry[1]),
  )
  const made = GENERATED.map((name) => [name, randomBytes(GENERATED_BYTES).toString('hex')])
  return { ...Object.fromEntries(made), ...before, ...Object.fromEntries(named) } as Record<string, string>
}

export const secretObject = (plan: InstallPlan, secrets: Readonly<Record<string, string>>): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: namesOf(plan).secret, namespace: plan.namespace, labels: labelsOf(plan) },
  type: 'Opaque',
  data: Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, encode(value)])),
})

export const readSecretObject = (data: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]))

const encode = (value: string) => Buffer.from(value).toString('base64')
