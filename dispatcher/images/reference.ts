/**
 * Names of images, as people write them: https://github.com/distribution/reference/blob/main/reference.go
 * Pure.
 */
import { SpillwayError } from '../../runtime/contract/errors.js'

export interface Reference {
  /** Host, perhaps with a port. */
  registry: string
  repository: string
  tag?: string
  digest?: string
}

/** What a name without a registry means. */
export const DEFAULT_REGISTRY = 'docker.io'

/** Where names of the default registry lie that have one part only. */
const OFFICIAL = 'library/'
const DEFAULT_TAG = 'latest'

const PART = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*'
const REPOSITORY = new RegExp(`^${PART}(?:/${PART})*$`)
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?'
const REGISTRY = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`)
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const REPOSITORY_LENGTH_MAX = 255

/** `busybox`, `team/tool:1.2`, `localhost:5000/tool@sha256:...`; without tag and digest it is `latest`. */
export function parseReference(text: string): Reference {
  const { name, tag, digest } = split(text)
  const place = parseRepository(name, text)
  if (tag !== undefined && !TAG.test(tag)) throw notAnImage(text, `the tag ${tag}`)
  if (digest !== undefined && !DIGEST.test(digest)) throw notAnImage(text, `the digest ${digest}`)
  if (tag === undefined && digest === undefined) return { ...place, tag: DEFAULT_TAG }
  return { ...place, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}

/** A name without tag and digest; `whole` is what the user wrote. */
export function parseRepository(name: string, whole = name): Pick<Reference, 'registry' | 'repository'> {
  const at = name.indexOf('/')
  const first = name.slice(0, at)
  const hasRegistry = at > 0 && (/[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  const registry = hasRegistry ? canonical(first) : DEFAULT_REGISTRY
  const path = hasRegistry ? name.slice(at + 1) : name
  const repository = registry === DEFAULT_REGISTRY && path !== '' && !path.includes('/') ? OFFICIAL + path : path
  if (!REGISTRY.test(registry)) throw notAnImage(whole, `the registry ${registry}`)
  if (!REPOSITORY.test(repository) || repository.length > REPOSITORY_LENGTH_MAX)
    throw notAnImage(whole, `the name ${path === '' ? '(nothing)' : path}`)
  return { registry, repository }
}

/** The name in full, with the digest if there is one, else with the tag. */
export const formatReference = ({ registry, repository, tag, digest }: Reference): string =>
  `${registry}/${repository}${digest ? `@${digest}` : tag ? `:${tag}` : ''}`

/** What a registry's paths take: the digest if there is one, else the tag. */
export const tagOrDigest = ({ tag, digest }: Reference): string => digest ?? tag ?? DEFAULT_TAG

const canonical = (registry: string) => (registry === 'index.docker.io' ? DEFAULT_REGISTRY : registry)

function split(text: string): { name: string; tag?: string; digest?: string } {
  const [, named = '', digest] = /^([^@]*)(?:@(.*))?$/s.exec(text) ?? []
  const [, name = '', tag] = /^(.*?)(?::([^/]*))?$/s.exec(named) ?? []
  return { name, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}

const notAnImage = (text: string, what: string) =>
  new SpillwayError(
    'image-refused',
    `${JSON.stringify(text)} is not the name of an image: ${what} is not allowed. ` +
      'Write NAME:TAG, REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST, in lower case but for the tag.',
  )
