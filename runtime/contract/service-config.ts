/** The `spillway` block of serverless.yml, and the parts of it that the dispatcher's own file shares. */
import { Type, type Static } from '@sinclair/typebox'
import { BACKEND_NAMES, type BackendName } from './function-spec.js'
import type { Problem } from './problem.js'
import { readWith, type Reading } from './read-schema.js'
import { RoutingPolicySchema } from './routing-policy.js'
import { object, oneOf, seconds, text } from './schema.js'

export const STORAGE_TYPES = ['directory', 's3', 'minio'] as const

/** Seconds for which a file of a directory storage must not have changed to count as written, unless `settle` says otherwise. */
export const SETTLE_SECONDS = 1

export const StorageConfigSchema = object(
  {
    type: oneOf(STORAGE_TYPES, { description: 'kind of store' }),
    path: Type.Optional(text({ description: '`directory`: the folder whose sub-folders are the buckets' })),
    endpoint: Type.Optional(text({ description: '`minio` and other S3-compatible stores: URL of the server' })),
    region: Type.Optional(text({ description: 'region of an S3 store' })),
    pathStyle: Type.Optional(Type.Boolean({ description: 'bucket in the path, not in the host name' })),
    caFile: Type.Optional(text({ description: 'certificate authority of the endpoint, PEM' })),
    settle: Type.Optional(
      seconds({
        description: '`directory`: how long a file must not have changed before it counts as written',
        exclusiveMinimum: undefined,
        minimum: 0,
        defaultText: `${SETTLE_SECONDS} s`,
      }),
    ),
    reconcile: Type.Optional(
      seconds({ description: 'how often the store is listed to find what notifications missed', defaultText: '60 s' }),
    ),
  },
  { description: 'one named object store; its keys come from `SPILLWAY_STORAGE_<NAME>_ACCESS_KEY` and `_SECRET_KEY`' },
)

export const BackendsConfigSchema = object(
  {
    local: Type.Optional(
      object(
        {
          slots: Type.Optional(
            Type.Integer({
              description: 'attempts at once on this machine',
              minimum: 1,
              defaultText: 'number of CPUs',
            }),
          ),
          keepAlive: seconds({ description: 'how long an idle worker stays', default: 60 }),
          containers: oneOf(['auto', 'docker', 'podman', 'off'], {
            description:
              'what runs the image of a function; `auto`: docker or podman, whichever answers when the dispatcher starts, else the script runs on the machine; `off`: always on the machine',
            default: 'auto',
          }),
          containerOptions: Type.Array(text({ description: 'one word of the command line' }), {
            description: 'further options of `docker run` or `podman run`, e.g. `--gpus=all`',
            default: [],
            shorthand: 'list',
          }),
        },
        { description: 'processes and containers on the machine of the dispatcher' },
      ),
    ),
    kubernetes: Type.Optional(
      object(
        {
          context: Type.Optional(text({ description: 'context of the kubeconfig', defaultText: 'in-cluster' })),
          namespace: text({ description: 'namespace of the workers' }),
          keepAlive: seconds({ description: 'how long an idle worker stays', default: 60 }),
        },
        { description: 'Jobs on your cluster' },
      ),
    ),
    lambda: Type.Optional(
      object(
        {
          region: Type.Optional(text({ description: 'AWS region', defaultText: 'that of the provider' })),
          stagingBucket: text({ description: 'bucket through which files pass' }),
        },
        { description: 'AWS Lambda' },
      ),
    ),
  },
  { description: 'where work may run; without it, `local`' },
)

const StorageNames = Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), StorageConfigSchema, {
  description: 'named object stores; names of lower-case letters, digits and -',
  additionalProperties: false,
  default: {},
  hint: 'Use names of lower-case letters, digits and -.',
})

export const ServiceConfigSchema = object(
  {
    dispatcher: Type.Optional(
      Type.String({
        description: 'URL of the dispatcher; without it, the embedded one that `serverless spillway dev` starts',
        pattern: '^https?://[^\\s]+$',
        hint: 'Write a URL such as https://spillway.example.org.',
      }),
    ),
    storage: StorageNames,
    backends: { ...BackendsConfigSchema, default: { local: {} } } as typeof BackendsConfigSchema,
    routing: RoutingPolicySchema,
  },
  { description: 'the `spillway` block of serverless.yml' },
)

export type StorageConfig = Static<typeof StorageConfigSchema>
export type BackendsConfig = Static<typeof BackendsConfigSchema>
export type ServiceConfig = Static<typeof ServiceConfigSchema>

export function readServiceConfig(raw: unknown, path = 'spillway'): Reading<ServiceConfig> {
  const reading = readWith<ServiceConfig>(ServiceConfigSchema, raw ?? {}, path)
  if (!reading.value) return reading
  const problems = storageProblems(reading.value.storage, `${path}.storage`)
  return problems.length > 0 ? { problems } : reading
}

export function storageProblems(storages: Record<string, StorageConfig>, path: string): Problem[] {
  return Object.entries(storages).flatMap(([name, storage]) => {
    const needed = storage.type === 'directory' ? 'path' : storage.type === 'minio' ? 'endpoint' : undefined
    if (!needed || storage[needed] !== undefined) return []
    return [{ path: `${path}.${name}.${needed}`, expected: `is missing; a storage of type ${storage.type} needs it` }]
  })
}

/** Names of the back-ends that a service configures. */
export const configuredBackends = (backends: BackendsConfig): BackendName[] =>
  BACKEND_NAMES.filter((name) => backends[name] !== undefined)
