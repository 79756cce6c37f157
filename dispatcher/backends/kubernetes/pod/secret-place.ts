/** `name/key`: where a function's secret is in the namespace of the workers. Pure. */

/** https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data */
const PLACE = /^([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)\/([-._a-zA-Z0-9]{1,253})$/

export interface SecretPlace {
  name: string
  key: string
}

export function parseSecretPlace(from: string): SecretPlace | undefined {
  const match = PLACE.exec(from)
  return match ? { name: match[1]!, key: match[2]! } : undefined
}
