/**
 * Input rules as filters of S3 notifications, none of which overlaps another of the same target:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
 * Pure. Whoever gets the event looks at the rules again, so a filter may be wider than they are, and never narrower.
 */
import type { InputRule } from '../../../../runtime/contract/function-spec.js'

export interface Filter {
  /** Empty: any. */
  prefix: string
  /** Empty: any. */
  suffix: string
}

/** Of the rules of one bucket. */
export const filtersOf = (rules: readonly Pick<InputRule, 'prefix' | 'suffix'>[]): Filter[] =>
  apart(
    rules.flatMap(({ prefix, suffix }) =>
      (suffix.length > 0 ? suffix : ['']).map((ending) => ({ prefix: beforeStar(prefix), suffix: afterStar(ending) })),
    ),
  ).sort((a, b) => (a.prefix + a.suffix < b.prefix + b.suffix ? -1 : 1))

/** S3 refuses two filters of a bucket for which one object could match both. */
export const overlap = (a: Filter, b: Filter): boolean =>
  (a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix)) &&
  (a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix))

/** Filters that overlap become one that takes what either takes, until none does. */
function apart(filters: readonly Filter[]): Filter[] {
  for (const [index, one] of filters.entries()) {
    const at = filters.findIndex((other, place) => place > index && overlap(one, other))
    if (at < 0) continue
    const others = filters.filter((_, place) => place !== index && place !== at)
    return apart([...others, union(one, filters[at]!)])
  }
  return [...filters]
}

const union = (a: Filter, b: Filter): Filter => ({
  prefix: a.prefix.length < b.prefix.length ? a.prefix : b.prefix,
  suffix: a.suffix.length < b.suffix.length ? a.suffix : b.suffix,
})

/** Filters know no other meaning of a star than "any", which they refuse. */
const beforeStar = (prefix: string) => prefix.split('*')[0]!
const afterStar = (suffix: string) => suffix.split('*').at(-1)!

/** How filters are written: form-encoded, but for the slash. */
export const encodeFilter = (text: string): string =>
  encodeURIComponent(text).replaceAll('%20', '+').replaceAll('%2F', '/')
