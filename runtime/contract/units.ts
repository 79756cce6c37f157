/** Durations and sizes as people write them. Pure; a value that cannot be read is `undefined`, never NaN. */

const SECONDS_PER = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const
const MEBIBYTES_PER = { Mi: 1, Gi: 1024, Ti: 1024 * 1024 } as const

export const DURATION_PATTERN = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$'
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)?(Mi|Gi|Ti)$'

/** What may be written for a time or a size, as text: the unit may be left out. */
export const DURATION_OR_SECONDS_PATTERN = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)?$'
export const SIZE_OR_MEGABYTES_PATTERN = '^[0-9]+(\\.[0-9]+)?(Mi|Gi|Ti)?$'

/** Seconds from a plain number of seconds (`300`, `"300"`) or a duration (`90s`, `20m`, `1h`, `500ms`, `2d`). */
export function parseSeconds(value: unknown): number | undefined {
  return parseQuantity(value, DURATION_PATTERN, SECONDS_PER)
}

/** MB (as AWS counts them: 1,048,576 bytes) from a plain number or a size (`512Mi`, `2Gi`). */
export function parseMegabytes(value: unknown): number | undefined {
  return parseQuantity(value, SIZE_PATTERN, MEBIBYTES_PER)
}

function parseQuantity(value: unknown, pattern: string, factors: Record<string, number>): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return finite(Number(text))
  if (!new RegExp(pattern).test(text)) return undefined
  const [, number, unit] = /^([0-9.]+)([A-Za-z]+)$/.exec(text) ?? []
  return finite(round(Number(number) * (factors[unit ?? ''] ?? Number.NaN)))
}

const finite = (value: number) => (Number.isFinite(value) ? value : undefined)

/** Hides binary fractions such as 0.30000000000000004; nothing here needs more than a microsecond. */
const round = (value: number) => Math.round(value * 1e6) / 1e6

/** `0.4 s`, `12.3 s`, `4 min 10 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? Math.round(seconds * 100) / 100 : Math.round(seconds * 10) / 10} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return pair(Math.floor(whole / 60), 'min', whole % 60, 's')
  return pair(Math.floor(whole / 3600), 'h', Math.round((whole % 3600) / 60), 'min')
}

const pair = (a: number, unitA: string, b: number, unitB: string) =>
  b === 0 ? `${a} ${unitA}` : `${a} ${unitA} ${b} ${unitB}`

/** `17 B`, `5.1 kB`, `11.2 GB` (powers of 1,000, as disks and networks are sold). */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : Math.round(value * 10) / 10} ${units[unit]}`
}

/** `2048` -> `2,048 MB`, the way the limits of AWS are written. */
export const formatMegabytes = (megabytes: number): string => `${megabytes.toLocaleString('en-US')} MB`

/** A smaller sum is nothing. */
const USD_DIGITS_MAX = 12

/** `0.0042 USD`, `12.5 USD`: two digits of small sums, cents of large ones. */
export function formatUsd(usd: number): string {
  const size = Math.abs(usd)
  const digits = size === 0 || size >= 1 ? 2 : Math.min(1 - Math.floor(Math.log10(size)), USD_DIGITS_MAX)
  return `${usd.toFixed(digits).replace(/\.?0+$/, '')} USD`
}
