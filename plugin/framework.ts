/**
 * Every trick with the framework's internals, in one file: each is checked on every CLI that we support, and says so
 * when a version no longer has the shape that it needs.
 */
import type { AwsAccess } from './aws/aws-access.js'
import { withoutOurs } from './default-role.js'
import type { AwsClientConfig, AwsProvider, Configuration, FunctionBlock, Serverless, Template } from './serverless.js'

/** Hears the framework's own complaint, if there is one, and throws what the user shall see. */
type Verdict = (complaint: Error | undefined) => void

/** What the framework is to check of our functions: their keys, and its own words in them. */
export type Remainders = Record<string, FunctionBlock>

/**
 * The framework goes on checking a configuration in which our block and all of our functions but its own words are taken
 * out; no schema is touched. `judge` answers undefined where the service is none of our business.
 */
export function takeOverValidation(
  serverless: Serverless,
  judge: (configuration: Configuration) => Promise<{ ours: Remainders; verdict: Verdict } | undefined>,
): void {
  const handler = demand(serverless.configSchemaHandler, 'configSchemaHandler', serverless)
  const check = demand(handler.validateConfig, 'configSchemaHandler.validateConfig', serverless)
  handler.validateConfig = async (configuration) => {
    const judgement = await judge(configuration)
    if (!judgement) return check.call(handler, configuration)
    const rest = without(configuration, judgement.ours)
    const complaint = await check.call(handler, rest).then(() => undefined, asIs)
    carryBack(rest, configuration)
    judgement.verdict(complaint)
  }
}

const asIs = (thrown: unknown) => thrown as Error

/** A copy one level deep: everything that the framework coerces further down is shared with the original. */
function without(configuration: Configuration, ours: Remainders): Configuration {
  const rest = { ...configuration }
  delete rest.spillway
  if (rest.functions) rest.functions = { ...omit(rest.functions, Object.keys(ours)), ...withWords(ours) }
  return rest
}

/** A block with nothing to run would be complained about for that. */
const withWords = (ours: Remainders): Remainders =>
  Object.fromEntries(
    Object.entries(ours)
      .filter(([, words]) => Object.keys(words).length > 0)
      .map(([key, words]) => [key, { handler: 'none', ...words }]),
  )

function carryBack(checked: Configuration, configuration: Configuration): void {
  for (const [key, value] of Object.entries(checked)) if (key !== 'functions') configuration[key] = value
}

export const omit = (
  functions: Record<string, FunctionBlock>,
  keys: readonly string[],
): Record<string, FunctionBlock> => Object.fromEntries(Object.entries(functions).filter(([key]) => !keys.includes(key)))

/** Keys of functions that neither the framework nor another plugin has defined; a cheap sign that they may be ours. */
export function hasUnknownFunctionKey(serverless: Serverless, functions: FunctionBlock[]): boolean {
  const patterns = serverless.configSchemaHandler?.schema?.properties?.functions?.patternProperties ?? {}
  const known = new Set(Object.values(patterns).flatMap(({ properties }) => Object.keys(properties ?? {})))
  return functions.some((block) => Object.keys(block).some((key) => !known.has(key)))
}

/** Core plugins come first otherwise: one of them prints "Deploying ..." and calls AWS before we could detach it. */
export function runFirst(serverless: Serverless, event: string, hook: () => unknown): void {
  const entries = demand(serverless.pluginManager?.hooks?.[event], `pluginManager.hooks['${event}']`, serverless)
  const place = entries.findIndex((entry) => entry.hook === hook)
  entries.unshift(...entries.splice(place, 1))
}

/**
 * Core goes on without our functions, or with what stands for them, in the order in which they are written. `print` still
 * shows what is written: it reads the configuration, not the service.
 */
export function replaceFunctions(
  serverless: Serverless,
  keys: readonly string[],
  stand: Record<string, FunctionBlock> = {},
): void {
  const { service } = serverless
  service.functions = Object.fromEntries(
    Object.entries(service.functions).flatMap(([key, block]) => {
      if (!keys.includes(key)) return [[key, block]]
      return stand[key] ? [[key, stand[key]]] : []
    }),
  )
}

/** What the service's own `resources` say comes first; a copy, for the reason above. */
export function addResources({ service }: Serverless, added: Template): void {
  const own = service.resources ?? {}
  service.resources = {
    ...own,
    Resources: { ...added.Resources, ...own.Resources },
    Outputs: { ...added.Outputs, ...own.Outputs },
    Metadata: { ...added.Metadata, ...own.Metadata },
  }
}

/** Nothing is called by taking it. */
export function awsAccess(serverless: Serverless, stage: string): AwsAccess {
  const provider = awsProvider(serverless)
  const { service } = serverless
  return {
    region: provider.getRegion(),
    repositoryName: provider.naming.getEcrRepositoryName(),
    clientConfig: () => clientConfig(provider),
    account: () => provider.getAccountInfo(),
    makeRepository: async () => (await provider.getOrCreateEcrRepository(scansImages(service.provider))).repositoryUri,
    buildImage: async (key, name) => {
      setImage(serverless, key, { name })
      return (await provider.resolveImageUriAndSha(key)).functionImageUri
    },
    builtImages: Object.keys((service.provider.ecr as { images?: object } | undefined)?.images ?? {}),
    deployments: async () => {
      const bucket = await provider.getServerlessDeploymentBucketName().catch(undefinedWithoutStack)
      const prefix = `${provider.getDeploymentPrefix()}/${service.service}/${stage}/`
      return bucket === undefined ? undefined : { bucket, prefix }
    },
  }
}

export const regionOf = (serverless: Serverless): string => awsProvider(serverless).getRegion()

/** What the template calls a function. */
export const functionIdIn = (serverless: Serverless, key: string): string =>
  awsProvider(serverless).naming.getLambdaLogicalId(key)

const awsProvider = (serverless: Serverless): AwsProvider =>
  demand(serverless.getProvider?.('aws'), "getProvider('aws')", serverless)

const scansImages = ({ ecr }: Record<string, unknown>): boolean =>
  (ecr as { scanOnPush?: boolean } | undefined)?.scanOnPush ?? false

/** A stack that is not there yet, or has no such bucket yet, is told by a message only. */
function undefinedWithoutStack(error: unknown): undefined {
  if (/does not exist/.test(String((error as Error).message))) return undefined
  throw error
}

/** With the credentials of the framework, however this version of it hands them out. */
async function clientConfig(provider: AwsProvider): Promise<AwsClientConfig> {
  if (provider.getAwsSdkV3Config) return provider.getAwsSdkV3Config()
  const region = provider.getRegion()
  const { credentials } = (await provider.getCredentials?.()) ?? {}
  if (!credentials) return { region }
  await credentials.getPromise?.()
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return { region, credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
}

/** The image that core is to compile, or to update a function to. */
export function setImage({ service }: Serverless, key: string, image: object, hidden = {}): void {
  const block = service.functions[key] ?? {}
  const environment = { ...hidden, ...(block.environment as Record<string, string> | undefined) }
  service.functions[key] = { ...block, image, environment }
}

/**
 * In what core has compiled: the image, of which core itself takes texts only, and no wait for the role, which is waited
 * for as it is (https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md, W3005).
 */
export function mendFunction(serverless: Serverless, key: string, uri: object): void {
  const id = functionIdIn(serverless, key)
  const resource = compiledTemplate(serverless).Resources[id] as FunctionResource | undefined
  const { Properties: properties, DependsOn: waits = [] } = demand(resource, `compiled resource ${id}`, serverless)
  properties.Code = { ImageUri: uri }
  resource!.DependsOn = waits.filter((other) => other !== serverless.service.functions[key]?.role)
}

interface FunctionResource {
  Properties: { Code: object }
  DependsOn?: string[]
}

/** The role of ordinary functions stays as it would be without ours. */
export function mendDefaultRole(serverless: Serverless, keys: readonly string[]): void {
  const { functions, provider } = serverless.service
  const { tracing, ...rest } = provider
  provider.compiledCloudFormationTemplate = withoutOurs(compiledTemplate(serverless), {
    ours: Object.entries(functions).flatMap(([key, block]) => (keys.includes(key) ? [block] : [])),
    ordinary: Object.values(omit(functions, keys)),
    provider: { ...rest, tracing: (tracing as { lambda?: unknown } | undefined)?.lambda },
  })
}

const compiledTemplate = (serverless: Serverless): Template =>
  demand(
    serverless.service.provider.compiledCloudFormationTemplate,
    'service.provider.compiledCloudFormationTemplate',
    serverless,
  )

/** The same content may be called otherwise where another machine has pushed it before. */
export function renameImages({ service: { provider } }: Serverless, names: ReadonlyMap<string, string>): void {
  const changed = [...names].filter(([from, to]) => from !== to)
  if (changed.length === 0) return
  const text = JSON.stringify(provider.compiledCloudFormationTemplate)
  const renamed = changed.reduce((all, [from, to]) => all.replaceAll(bare(from), bare(to)), text)
  provider.compiledCloudFormationTemplate = JSON.parse(renamed) as Template
}

const bare = (digest: string) => digest.replace(/^sha256:/, '')

/** What we keep in the service's folder does not go into the archives of ordinary functions, as `.serverless/` does not. */
export function keepOutOfArchives({ pluginManager: { plugins } }: Serverless, pattern: string): void {
  const excludes = plugins.find(({ defaultExcludes }) => Array.isArray(defaultExcludes))?.defaultExcludes
  if (excludes && !excludes.includes(pattern)) excludes.push(pattern)
}

/** From here nothing of AWS runs in this command. Lists change in place because the framework is walking one of them. */
export function detachAws(serverless: Serverless): void {
  for (const entries of Object.values(serverless.pluginManager.hooks))
    entries.splice(0, entries.length, ...entries.filter(({ pluginName }) => !pluginName.startsWith('Aws')))
}

/**
 * The word after `serverless <path>`: the framework knows no positional arguments and would look for a command of that
 * name, so we define one.
 */
export function wordAfter(serverless: Serverless, path: string[]): string | undefined {
  const words = serverless.processedInput?.commands ?? []
  const word =
    words.length === path.length + 1 && path.every((name, index) => words[index] === name) ? words.at(-1) : undefined
  return word !== undefined && /^[0-9a-zA-Z][0-9a-zA-Z-]*$/.test(word) ? word : undefined
}

/** What is said on the command line, e.g. `spillway diff`. */
export const isCommand = (serverless: Serverless, words: string): boolean =>
  serverless.processedInput?.commands?.join(' ') === words

/** The framework ends with 1 whatever is wrong. Answers a function that takes this back. */
export function endWith(code: number): () => void {
  const end = () => void (process.exitCode = code)
  process.once('exit', end)
  return () => void process.off('exit', end)
}

function demand<T>(value: T | undefined, shape: string, serverless: Serverless): T {
  if (value !== undefined) return value
  throw new serverless.classes.Error(
    `serverless-spillway needs \`serverless.${shape}\`, which this version of the framework does not have. It works with osls 3 and 4 and serverless 3.`,
    'SPILLWAY_FRAMEWORK',
  )
}
