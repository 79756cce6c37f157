/** Amounts as Kubernetes writes them: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */

const SUFFIXES: Readonly<Record<string, number>> = Object.freeze({
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
})

/** `1500m` -> 1.5, `2Gi` -> 2147483648, `1e3` -> 1000; undefined for what is no quantity. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]+)|([A-Za-z]{0,2}))$/.exec(text.trim())
  if (!match) return undefined
  const factor = match[2] === undefined ? SUFFIXES[match[3] ?? ''] : 10 ** Number(match[2])
  return factor === undefined ? undefined : Number(match[1]) * factor
}

export const megabytesText = (megabytes: number): string => `${megabytes}Mi`

/** Thousandths are the finest that a scheduler counts. */
export const cpuText = (cpu: number): string => `${Math.max(1, Math.round(cpu * 1000))}m`
