/**
 * The spec of a function: the one source of its type, its validation, its defaults and its reference page.
 * The types are of the normal form; `read-spec` turns what people write into it.
 */
import { Type, type Static } from '@sinclair/typebox'
import { LAMBDA_LIMITS, LAMBDA_MEGABYTES_PER_VCPU } from './aws-limits.js'
import { LOCATION_PATTERN } from './location.js'
import { CAUSE_NAMES } from './outcome.js'
import { RoutingPolicySchema } from './routing-policy.js'
import { megabytes, object, oneOf, seconds, text } from './schema.js'

/** In the order of the bits by which records name them: a new one goes last. */
export const BACKEND_NAMES = ['local', 'kubernetes', 'lambda', 'rehearsal'] as const
export type BackendName = (typeof BACKEND_NAMES)[number]

/** Back-ends that are paid by use; the others are yours. */
const PUBLIC_BACKENDS: readonly BackendName[] = Object.freeze(['lambda', 'rehearsal'])

export const isPublic = (backend: BackendName): boolean => PUBLIC_BACKENDS.includes(backend)

/** Back-ends whose workers run on the machine of the dispatcher, with or without an image. */
export const ON_THIS_MACHINE = ['local', 'rehearsal'] as const satisfies BackendName[]
export type OnThisMachine = (typeof ON_THIS_MACHINE)[number]

export const isOnThisMachine = (backend: BackendName): backend is OnThisMachine =>
  ON_THIS_MACHINE.some((name) => name === backend)

const image = text({
  description:
    'container image, left untouched: `registry/name:tag`, `registry/name@sha256:...`, or a name from `provider.ecr.images`; optional on `local` and `rehearsal`',
  pattern: '^[a-zA-Z0-9][a-zA-Z0-9._:/@-]*$',
})
const memorySize = (options: object) =>
  megabytes({
    description: 'memory; on Kubernetes both request and limit',
    minimum: 128,
    hint: 'Write MB, at least 128 (1024), or a size (512Mi, 2Gi).',
    ...options,
  })
const cpu = Type.Number({
  description: 'vCPU; Lambda derives it from memory',
  exclusiveMinimum: 0,
  unit: 'vCPU',
  defaultText: `memorySize / ${LAMBDA_MEGABYTES_PER_VCPU}, rounded up to 0.1`,
})
const gpu = (options: object) =>
  object(
    {
      count: Type.Integer({ description: 'how many', minimum: 0, default: 0 }),
      resource: text({ description: 'name of the Kubernetes resource', default: 'nvidia.com/gpu' }),
    },
    {
      description: 'GPUs, as a count or `{count, resource}`; such work never runs on Lambda',
      shorthand: 'count',
      ...options,
    },
  )
const timeout = (options: object) =>
  seconds({
    description:
      'limit of one attempt; over 900 s the work runs on Lambda only if it is expected to end in time, and with `lambda` alone it is an error',
    ...options,
  })
const ephemeralStorageSize = (options: object) =>
  megabytes({
    description: 'scratch space; input, output and work must fit',
    minimum: 1,
    ...options,
  })
const environment = (options: object) =>
  Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.String({ shorthand: 'text' }), {
    description: 'plain variables for the script; literal credentials are refused',
    hint: 'Use names of letters, digits and _, and texts as values.',
    additionalProperties: false,
    ...options,
  })
const concurrency = Type.Integer({
  description: 'most attempts at once, over all back-ends',
  minimum: 1,
  defaultText: 'no limit',
})

/** Keys that a back-end's own block may set anew for that back-end. */
const overrides = {
  image: Type.Optional(image),
  memorySize: Type.Optional(memorySize({})),
  cpu: Type.Optional(cpu),
  gpu: Type.Optional(gpu({})),
  timeout: Type.Optional(timeout({})),
  ephemeralStorageSize: Type.Optional(ephemeralStorageSize({})),
  environment: Type.Optional(environment({})),
}

const names = (description: string) => Type.Record(Type.String(), Type.String({ shorthand: 'text' }), { description })

const LOCATION_HINT = 'Write "storage://bucket/prefix" or {storage, bucket, prefix}.'
const place = {
  storage: text({ description: 'name of a storage of the `spillway` block', defaultText: 'the only storage' }),
  bucket: text({ description: 'bucket (for `directory`: the folder below the storage path)', pattern: '^[^/]+$' }),
  prefix: Type.String({ description: 'prefix of keys, as in S3', default: '' }),
}

export const InputRuleSchema = object(
  {
    ...place,
    suffix: Type.Array(text({ description: 'end of keys, e.g. `.jpg`' }), {
      description: 'only keys with one of these endings; none = all',
      default: [],
      shorthand: 'list',
    }),
  },
  {
    description: 'objects whose creation starts an invocation',
    shorthand: 'location',
    pattern: LOCATION_PATTERN,
    hint: LOCATION_HINT,
  },
)

export const OutputRuleSchema = object(
  {
    ...place,
    match: Type.Array(text({ description: 'glob on the path below the output directory' }), {
      description: 'which files go here',
      default: ['**'],
      shorthand: 'list',
    }),
  },
  { description: 'where results go', shorthand: 'location', pattern: LOCATION_PATTERN, hint: LOCATION_HINT },
)

export const RetriesSchema = object(
  {
    attempts: Type.Integer({ description: 'most attempts, the first included', minimum: 1, maximum: 100, default: 3 }),
    minDelay: seconds({
      description: 'base of the exponential delay',
      exclusiveMinimum: undefined,
      minimum: 0,
      default: 1,
    }),
    maxDelay: seconds({
      description: 'most delay between two attempts',
      exclusiveMinimum: undefined,
      minimum: 0,
      default: 300,
    }),
    on: Type.Optional(
      Type.Array(oneOf(CAUSE_NAMES, { description: 'a cause' }), {
        description: 'causes that are tried again',
        defaultText: 'every retryable cause',
        shorthand: 'list',
      }),
    ),
  },
  {
    description:
      'what happens after a failed attempt; delays have full jitter, and are 0 when the script is not at fault',
    default: {},
  },
)

export const FunctionSpecSchema = object(
  {
    image: Type.Optional(image),
    script: Type.Optional(
      text({ description: 'path of a file to run; its shebang is honoured, without one `/bin/sh` runs it' }),
    ),
    command: Type.Optional(
      Type.Array(Type.String({ shorthand: 'text' }), {
        description:
          'program and arguments, instead of `script`; without both, the ENTRYPOINT and CMD of the image run',
        minItems: 1,
        hint: 'Write a list: ["python3", "work.py"].',
      }),
    ),
    files: Type.Array(text({ description: 'a path or glob' }), {
      description: 'extra files delivered beside the script (`SPILLWAY_FILES_DIR`)',
      default: [],
      shorthand: 'list',
    }),
    memorySize: memorySize({ default: 1024 }),
    cpu,
    gpu: gpu({ default: {} }),
    timeout: timeout({ default: 300 }),
    ephemeralStorageSize: ephemeralStorageSize({ default: 512 }),
    architecture: oneOf(['x86_64', 'arm64'], { description: 'instruction set of the image', default: 'x86_64' }),
    environment: environment({ default: {} }),
    secrets: Type.Array(
      object(
        {
          env: text({ description: 'variable that the script sees', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }),
          from: text({ description: 'name in the secret store of the back-end' }),
        },
        { description: 'one secret' },
      ),
      {
        description:
          'variables from the secret store of the back-end; on `local`, `from: NAME` is the variable `SPILLWAY_SECRET_NAME` of the dispatcher; on `kubernetes`, `from: NAME/KEY` is a key of a Secret in the namespace of the workers (and `SPILLWAY_SECRET_NAME_KEY` on `local`); on `lambda`, `NAME` is a secret of AWS Secrets Manager, `NAME/KEY` one value of a secret that is a JSON map, and `NA/ME/` a secret whose own name has slashes',
        default: [],
      },
    ),
    input: Type.Array(InputRuleSchema, {
      description: 'each created object that matches becomes one invocation',
      default: [],
      shorthand: 'list',
    }),
    output: Type.Array(OutputRuleSchema, {
      description: 'where the files under `TMP_OUTPUT_DIR` go; several outputs may take the same file',
      default: [],
      shorthand: 'list',
    }),
    backends: Type.Optional(
      Type.Array(oneOf(BACKEND_NAMES, { description: 'a back-end' }), {
        description: 'where it may run; the order is no preference, `routing` is',
        minItems: 1,
        uniqueItems: true,
        defaultText: 'all that the service configures',
        shorthand: 'list',
      }),
    ),
    routing: RoutingPolicySchema,
    concurrency: Type.Optional(concurrency),
    retries: RetriesSchema,
    isolation: oneOf(['reuse', 'fresh'], {
      description: 'reuse: a worker runs one attempt after the other; fresh: one attempt, then the worker ends',
      default: 'reuse',
    }),
    local: Type.Optional(object(overrides, { description: 'overrides for the local back-end' })),
    kubernetes: Type.Optional(
      object(
        {
          ...overrides,
          nodeSelector: Type.Optional(names('labels that a node must have')),
          tolerations: Type.Optional(
            Type.Array(Type.Record(Type.String(), Type.Unknown()), {
              description: 'Kubernetes tolerations, passed on',
            }),
          ),
          priorityClass: Type.Optional(text({ description: 'priorityClassName of the pods' })),
          imagePullSecrets: Type.Optional(
            Type.Array(text({ description: 'name of a Secret' }), {
              description: 'for private registries',
              shorthand: 'list',
            }),
          ),
          runtimeClass: Type.Optional(text({ description: 'runtimeClassName of the pods' })),
          queueName: Type.Optional(text({ description: 'Kueue local queue' })),
          allowRoot: Type.Optional(
            Type.Boolean({
              description:
                'the user of the image stays, root too; without it an image of root runs as user 1000, and one whose user is a name needs `runAsUser`',
              defaultText: '`false`',
            }),
          ),
          runAsUser: Type.Optional(
            Type.Integer({
              description: 'number of the user who runs it, in place of the one that the image names',
              minimum: 1,
              defaultText: 'the user of the image; 1000 where that is root',
            }),
          ),
        },
        { description: 'overrides and own keys for Kubernetes' },
      ),
    ),
    lambda: Type.Optional(
      object(
        {
          ...overrides,
          qualifier: Type.Optional(
            text({
              description: 'version or alias of the function that the dispatcher calls',
              defaultText: 'the version that `serverless deploy` has published; without versions, `$LATEST`',
            }),
          ),
        },
        { description: 'overrides for AWS Lambda, and for `rehearsal`, which stands for it' },
      ),
    ),
  },
  { description: 'one function: what runs, where files come from, where results go' },
)

export type FunctionSpec = Static<typeof FunctionSpecSchema>
export type InputRule = Static<typeof InputRuleSchema>
export type OutputRule = Static<typeof OutputRuleSchema>
export type Retries = Static<typeof RetriesSchema>

/** Every key of a function that makes it ours; core keys of the framework that we widen are not among them. */
export const OWN_KEYS: readonly string[] = Object.freeze(
  Object.keys(FunctionSpecSchema.properties).filter(
    (key) => !['image', 'memorySize', 'timeout', 'ephemeralStorageSize', 'architecture', 'environment'].includes(key),
  ),
)

/** What a function says for one back-end alone; what stands for Lambda goes by what is said for Lambda. */
const ownBlock = (spec: FunctionSpec, backend: BackendName) => spec[backend === 'rehearsal' ? 'lambda' : backend]

/** Seconds that the function gives one attempt on a back-end. */
export const timeoutOn = (spec: FunctionSpec, backend: BackendName): number =>
  ownBlock(spec, backend)?.timeout ?? spec.timeout

/** Seconds after which an attempt there is ended in any case: Lambda never waits longer than its own limit. */
export const timeLimitOn = (spec: FunctionSpec, backend: BackendName): number =>
  Math.min(timeoutOn(spec, backend), isPublic(backend) ? LAMBDA_LIMITS.timeout : Infinity)

/** The spec as one back-end sees it: its own block laid over the rest. */
export function specFor(spec: FunctionSpec, backend: BackendName): FunctionSpec {
  const own = ownBlock(spec, backend)
  if (!own) return spec
  const merged = { ...spec, ...own, environment: { ...spec.environment, ...own.environment } }
  return own.memorySize && !own.cpu ? { ...merged, cpu: defaultCpu(own.memorySize) } : merged
}

/** vCPU that Lambda would give for that many MB, rounded up to 0.1. */
export const defaultCpu = (megabytes: number): number =>
  Math.ceil((megabytes / LAMBDA_MEGABYTES_PER_VCPU) * 10 - 1e-9) / 10
