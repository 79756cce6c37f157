/** Our own way to AWS: with the account, the credentials and the names of the framework. */
import type { AwsAccount, AwsClientConfig } from '../serverless.js'

export interface AwsAccess {
  /** Of the stack. */
  readonly region: string
  /** Name of the repository of images that the framework makes for the service, and removes with it. */
  readonly repositoryName: string
  clientConfig(): Promise<AwsClientConfig>
  account(): Promise<AwsAccount>
  /** Makes the repository unless it is there; resolves to `registry/name`. */
  makeRepository(): Promise<string>
  /** Names in `provider.ecr.images`. */
  readonly builtImages: readonly string[]
  /** Builds one of them for a function, as the framework does it, with Docker; resolves to where it is, by digest. */
  buildImage(key: string, name: string): Promise<string>
  /** Where earlier deployments are kept; undefined before the first one. */
  deployments(): Promise<Deployments | undefined>
}

export interface Deployments {
  bucket: string
  /** Of keys; below it each deployment has a folder that begins with its time. */
  prefix: string
}
