/**
 * Which notification rules a bucket should have: ours as the functions want them, all others untouched. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_QueueConfiguration.html
 */
import { createHash } from 'node:crypto'
import type { NotifyFilter } from '../object-store.js'

export interface Rule {
  id?: string
  /** Of the target that the server sends events to. */
  arn: string
  events: readonly string[]
  /** `prefix` and `suffix`, at most one of each. */
  filters: readonly { name: string; value: string }[]
}

export interface WantedRules {
  filters: readonly NotifyFilter[]
  /** Of the targets that lead to this dispatcher. */
  arns: readonly string[]
}

/** Each by name: the pattern for all would also report new tags, retention and legal holds. */
export const CREATED_EVENTS = [
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Post',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
] as const

/** Ids of our rules start like this. */
export const OWN_ID = 'spillway-'

/** All rules that the bucket should have; undefined when it has them. */
export function mergeRules(present: readonly Rule[], wanted: WantedRules): Rule[] | undefined {
  const isOurs = ({ id, arn }: Rule) => id?.startsWith(OWN_ID) === true && wanted.arns.some((own) => isSame(own, arn))
  const ours = rulesFor(wanted)
  const before = present.filter(isOurs)
  return areSame(before, ours) ? undefined : [...present.filter((rule) => !isOurs(rule)), ...ours]
}

function rulesFor({ filters, arns }: WantedRules): Rule[] {
  const ends = withoutCovered(filters.flatMap(endsOf))
  return arns.flatMap((arn) =>
    ends.map((end) => ({ id: idOf(arn, end), arn, events: CREATED_EVENTS, ...filtersOf(end) })),
  )
}

interface Ends {
  prefix: string
  suffix: string
}

const endsOf = ({ prefix, suffix }: NotifyFilter): Ends[] =>
  suffix.length === 0 ? [{ prefix, suffix: '' }] : suffix.map((one) => apart({ prefix, suffix: one }))

/** Servers take a prefix and a suffix for two pieces of a key. Where one key can have both in one piece, the prefix must do. */
function apart({ prefix, suffix }: Ends): Ends {
  const lengths = Array.from({ length: suffix.length }, (_, index) => index + 1)
  const mayOverlap = lengths.some((length) => prefix.endsWith(suffix.slice(0, length)))
  return { prefix, suffix: mayOverlap ? '' : suffix }
}

function withoutCovered(all: readonly Ends[]): Ends[] {
  const covers = (a: Ends, b: Ends) => b.prefix.startsWith(a.prefix) && b.suffix.endsWith(a.suffix)
  return all.filter((one, at) => !all.some((other, index) => covers(other, one) && (!covers(one, other) || index < at)))
}

function filtersOf({ prefix, suffix }: Ends): Pick<Rule, 'filters'> {
  const both = [
    { name: 'prefix', value: prefix },
    { name: 'suffix', value: suffix },
  ]
  return { filters: both.filter(({ value }) => value !== '') }
}

function idOf(arn: string, { prefix, suffix }: Ends): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([prefix, suffix]))
    .digest('hex')
  return `${OWN_ID}${targetOf(arn)}-${digest.slice(0, 12)}`
}

/** `arn:minio:sqs:<region>:<id>:webhook`: the server fills in its own region. */
export const targetOf = (arn: string): string => arn.split(':')[4] ?? arn

const isSame = (a: string, b: string) => withoutRegion(a) === withoutRegion(b)

const withoutRegion = (arn: string) => arn.split(':').toSpliced(3, 1).join(':')

function areSame(a: readonly Rule[], b: readonly Rule[]): boolean {
  const text = (rules: readonly Rule[]) => JSON.stringify(rules.map(comparable).sort())
  return text(a) === text(b)
}

const comparable = ({ id, arn, events, filters }: Rule): string =>
  JSON.stringify([
    id,
    withoutRegion(arn),
    events.toSorted(),
    filters.map(({ name, value }) => [name.toLowerCase(), value]).sort(),
  ])
