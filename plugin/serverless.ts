/** The few members of the Serverless Framework that we touch, the same in osls 3, osls 4 and serverless 3. */

export type FunctionBlock = Record<string, unknown>

/** `serverless.yml` as the framework has read it. */
export interface Configuration extends Record<string, unknown> {
  functions?: Record<string, FunctionBlock>
  spillway?: unknown
}

export type Options = Readonly<Record<string, unknown>>

export interface Hook {
  pluginName: string
  hook: () => unknown
}

export interface Serverless {
  readonly serviceDir: string
  readonly configurationFilename: string
  readonly configurationInput: Configuration
  readonly processedInput: { commands: string[]; options: Options }
  readonly service: {
    service: string
    provider: Record<string, unknown> & { compiledCloudFormationTemplate?: Template }
    functions: Record<string, FunctionBlock>
    layers?: Record<string, unknown>
    resources?: Partial<Template> | null
    package: { path?: string }
  }
  getProvider(name: 'aws'): AwsProvider
  readonly pluginManager: { hooks: Record<string, Hook[]>; plugins: { defaultExcludes?: string[] }[] }
  readonly configSchemaHandler: {
    schema: {
      properties: { functions: { patternProperties: Record<string, { properties: Record<string, unknown> }> } }
    }
    validateConfig(configuration: Configuration): Promise<void>
  }
  /** A fault of this class is printed as one clean message, without a stack. */
  readonly classes: { Error: new (message: string, code: string) => Error }
  addServiceOutputSection(name: string, content: string[]): void
}

/** What the framework sends to CloudFormation, and what `resources` adds to it. */
export interface Template {
  Resources: Record<string, unknown>
  Outputs?: Record<string, unknown>
  Metadata?: Record<string, unknown>
}

export interface AwsAccount {
  accountId: string
  /** `aws`, or that of another part of the world. */
  partition: string
}

/** The framework's way to AWS. Of the last two, each version has one. */
export interface AwsProvider {
  readonly naming: { getLambdaLogicalId(key: string): string; getEcrRepositoryName(): string }
  getRegion(): string
  getAccountInfo(): Promise<AwsAccount>
  getDeploymentPrefix(): string
  getServerlessDeploymentBucketName(): Promise<string>
  getOrCreateEcrRepository(scanOnPush: boolean): Promise<{ repositoryUri: string }>
  resolveImageUriAndSha(key: string): Promise<{ functionImageUri: string }>
  getAwsSdkV3Config?(): Promise<AwsClientConfig>
  getCredentials?(): MaybePromise<{ credentials?: AwsKeys & { getPromise?(): Promise<void> } }>
}

type MaybePromise<T> = T | Promise<T>

interface AwsKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** What every client of the AWS SDK takes; other keys are passed on as they are. */
export interface AwsClientConfig {
  region: string
  /** Absent: as the SDK finds them. */
  credentials?: AwsKeys
}

interface Log {
  (...tokens: unknown[]): void
}

/** Third argument of a plugin's constructor; everything but `writeText` goes to standard error. */
export interface Output {
  log: Record<'error' | 'warning' | 'notice' | 'info' | 'success', Log>
  progress: { create(options: { message: string }): { update(message: string): void; remove(): void } }
  writeText(text: string | string[]): void
}

export interface CommandOption {
  usage: string
  type: 'string' | 'boolean' | 'multiple'
  shortcut?: string
  required?: boolean
}

export interface CommandDefinition {
  usage: string
  type?: 'container'
  isHidden?: boolean
  lifecycleEvents?: string[]
  options?: Record<string, CommandOption>
  commands?: Record<string, CommandDefinition>
}
