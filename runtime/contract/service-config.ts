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

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export const BUCKET_PATTERN = '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$'
export const BUCKET_HINT =
  'Write 3 to 63 lower-case letters, digits, - and .; names of buckets are unique in all of AWS.'

/** Id of the webhook target that a MinIO server is expected to have, unless `webhook` says otherwise. */
export const WEBHOOK_TARGET = 'SPILLWAY'

export const StorageConfigSchema = object(
  {
    type: oneOf(STORAGE_TYPES, { description: 'kind of store' }),
    path: Type.Optional(text({ description: '`directory`: the folder whose sub-folders are the buckets' })),
    endpoint: Type.Optional(
      text({
        description: '`minio` and other S3-compatible stores: URL of the server',
        pattern: '^https?://[^\\s/]+/?$',
        hint: 'Write a URL without a path, such as https://minio.example.org:9000.',
      }),
    ),
    region: Type.Optional(
      text({
        description: '`s3`, `minio`: region of the store',
        defaultText: "with an `endpoint`, `us-east-1`; else that of AWS's own configuration, such as `AWS_REGION`",
      }),
    ),
    pathStyle: Type.Optional(
      Type.Boolean({
        description: '`s3`, `minio`: bucket in the path of URLs, not in the host name',
        defaultText: '`true` for `minio`, else `false`',
      }),
    ),
    caFile: Type.Optional(text({ description: '`s3`, `minio`: certificate authority of the endpoint, PEM' })),
    webhook: Type.Optional(
      Type.Array(
        text({
          description: 'id of a webhook target of the server, or its whole ARN',
          pattern: '^(arn:[^\\s]+|[A-Za-z0-9_-]+)$',
          hint: 'Write the id that ends the names of the settings MINIO_NOTIFY_WEBHOOK_..._<ID>.',
        }),
        {
          description:
            "`minio`: the server's webhook targets that lead to the dispatcher; an empty list: new files are found by listing only",
          defaultText: `\`${WEBHOOK_TARGET}\``,
          shorthand: 'list',
        },
      ),
    ),
    queues: Type.Optional(
      Type.Array(text({ description: 'name or URL of an SQS queue' }), {
        description: '`s3`: queues to which the buckets report creations; the dispatcher polls them',
        defaultText: 'none; the embedded dispatcher polls the one that `serverless deploy` makes',
        shorthand: 'list',
      }),
    ),
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

/** What a back-end on the machine of the dispatcher is told. */
const onThisMachine = {
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
}

export const BackendsConfigSchema = object(
  {
    local: Type.Optional(
      object(onThisMachine, { description: 'processes and containers on the machine of the dispatcher' }),
    ),
    kubernetes: Type.Optional(
      object(
        {
          context: Type.Optional(text({ description: 'context of the kubeconfig', defaultText: 'in-cluster' })),
          namespace: text({
            description: 'namespace of the workers',
            pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$',
            hint: 'Write up to 63 lower-case letters, digits and -.',
          }),
          dispatcherUrl: Type.Optional(
            text({
              description: 'URL under which pods reach the dispatcher',
              pattern: '^https?://[^\\s/]+$',
              hint: 'Write a URL without a path, such as http://spillway.spillway.svc:7700.',
              defaultText:
                'set by `spillway install`; elsewhere the address where the dispatcher listens, unless that is loopback',
            }),
          ),
          keepAlive: seconds({ description: 'how long an idle worker stays', default: 60 }),
          maxWorkers: Type.Integer({ description: 'most workers at once', minimum: 1, default: 100 }),
          kit: oneOf(['auto', 'derived', 'image-volume', 'init-container'], {
            description:
              "how the runtime kit gets into the containers: `derived`, an image made of the user's and the kit, kept in `registry`; `image-volume`, where Kubernetes is 1.35 or newer; `init-container`, which copies it and is slower; `auto`: the first of these that the cluster and this configuration have",
            default: 'auto',
          }),
          registry: Type.Optional(
            text({
              description: 'where derived images are kept, e.g. `registry.example.org/spillway`; nodes pull from it',
            }),
          ),
          insecureRegistries: Type.Array(text({ description: 'host, perhaps with a port' }), {
            description: 'registries that the dispatcher speaks to by plain HTTP, besides those of its own machine',
            default: [],
            shorthand: 'list',
          }),
          kitImage: Type.Optional(
            text({
              description: 'image that holds the runtime kit, for `image-volume` and `init-container`',
              defaultText: 'set by `spillway install`',
            }),
          ),
          kitImages: object(
            {
              x86_64: Type.Optional(text({ description: 'image that holds the kit for x86_64' })),
              arm64: Type.Optional(text({ description: 'image that holds the kit for arm64' })),
            },
            {
              description:
                "images that hold the runtime kit for other architectures than the dispatcher's own, whatever `kit` is: what `spillway image push` makes on a machine of that architecture",
              default: {},
            },
          ),
          imagePullSecrets: Type.Array(text({ description: 'name of a Secret in the namespace of the workers' }), {
            description: 'for the registries of all images, those of functions come on top',
            default: [],
            shorthand: 'list',
          }),
          imagePullTimeout: seconds({
            description:
              'how long a container may fail to start, e.g. because its image cannot be pulled, before waiting invocations fail',
            default: 120,
          }),
          autoscaling: Type.Boolean({
            description: 'nodes come when they are needed: the largest node that is there now limits nothing',
            default: false,
          }),
        },
        { description: 'Jobs on your cluster' },
      ),
    ),
    lambda: Type.Optional(
      object(
        {
          region: Type.Optional(
            text({
              description: 'AWS region',
              pattern: '^[a-z]{2}(-[a-z]+)+-[0-9]$',
              defaultText: 'that of the provider',
            }),
          ),
          stagingBucket: text({
            description:
              'bucket through which files pass, made when it is not there: private, and emptied of what is 7 days old below `spillway/`',
            pattern: BUCKET_PATTERN,
            hint: BUCKET_HINT,
          }),
          concurrency: Type.Optional(
            Type.Integer({
              description: 'most attempts of the dispatcher at once, over all functions',
              minimum: 1,
              defaultText: 'what the account allows',
            }),
          ),
          patience: seconds({
            description:
              'how long a call that Lambda refuses, because it is full or in trouble, is tried again before the attempt fails there; work that others can run goes to them',
            default: 60,
          }),
          insecureRegistries: Type.Array(text({ description: 'a host, with its port' }), {
            description: 'registries of images, beside those of this machine, that are spoken to by plain HTTP',
            default: [],
            shorthand: 'list',
          }),
          kits: object(
            {
              x86_64: Type.Optional(text({ description: 'a directory with a kit for x86_64' })),
              arm64: Type.Optional(text({ description: 'a directory with a kit for arm64' })),
            },
            {
              description:
                'runtime kits for other architectures than that of the machine that deploys, as `spillway image kit` writes them',
              default: {},
            },
          ),
        },
        { description: 'AWS Lambda' },
      ),
    ),
    rehearsal: Type.Optional(
      object(onThisMachine, {
        description:
          "in place of `lambda`, to watch work spill over without an AWS account: the machine of the dispatcher plays Lambda, with Lambda's limits and prices",
      }),
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

/** Credentials of a storage; never part of a file that says what is configured. */
export interface StorageKeys {
  accessKey: string
  secretKey: string
  sessionToken?: string
}

export type StorageConfig = Static<typeof StorageConfigSchema>
export type BackendsConfig = Static<typeof BackendsConfigSchema>
export type ServiceConfig = Static<typeof ServiceConfigSchema>

export function readServiceConfig(raw: unknown, path = 'spillway'): Reading<ServiceConfig> {
  const reading = readWith<ServiceConfig>(ServiceConfigSchema, raw ?? {}, path)
  if (!reading.value) return reading
  const { storage, backends } = reading.value
  const problems = [...storageProblems(storage, `${path}.storage`), ...backendProblems(backends, `${path}.backends`)]
  return problems.length > 0 ? { problems } : reading
}

/** With both, work that was meant for Lambda would end up on this machine, unnoticed. */
export function backendProblems({ lambda, rehearsal }: BackendsConfig, path: string): Problem[] {
  if (!lambda || !rehearsal) return []
  const expected = 'stands for lambda, and lambda is configured too'
  return [{ path: `${path}.rehearsal`, expected, fix: 'Keep one of them; stages may differ in which.' }]
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

/** AWS's own S3; a store that only speaks its language can neither start a function nor be opened to a role. */
export const isAwsS3 = (storage: StorageConfig | undefined): boolean =>
  storage?.type === 's3' && storage.endpoint === undefined
