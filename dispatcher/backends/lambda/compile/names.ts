/** Names of what is made in AWS. Pure. */
import { createHash } from 'node:crypto'
import { ROLE_NAME_LENGTH_MAX } from '../../../../runtime/contract/aws-limits.js'

export interface Stack {
  service: string
  stage: string
}

/** Roles are the same in all regions, so the region is in the name; one that is too long ends in a hash. */
export function roleName(functionName: string, region: string): string {
  const name = `${functionName}-${region}`
  if (name.length <= ROLE_NAME_LENGTH_MAX) return name
  const hash = shortHash(name)
  return `${name.slice(0, ROLE_NAME_LENGTH_MAX - hash.length - 1)}-${hash}`
}

/** Where S3 reports what the dispatcher is to know. */
export const eventQueueName = ({ service, stage }: Stack): string => `${service}-${stage}-spillway-events`

/** Where events wait that could not be worked on. */
export const deadLetterQueueName = ({ service, stage }: Stack): string => `${service}-${stage}-spillway-dead-letters`

/** What the id of every notification of the stack starts with; a bucket's others do not. */
export const notificationOwner = ({ service, stage }: Stack): string => `spillway.${service}-${stage}.`

/** The template allows letters and digits only; a hash keeps `a-b` and `ab` apart. */
export const logicalId = (purpose: string, ...names: string[]): string =>
  `Spillway${purpose}${names.map((name) => plain(name)).join('')}${names.length > 0 ? shortHash(names.join('/')) : ''}`

const plain = (name: string) => name.replace(/[^0-9A-Za-z]/g, '').slice(0, 60)

export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)
