/** Versions of functions on Lambda: their code never changes, as that of `$LATEST` does. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { AwsClientConfig } from '../serverless.js'
import { awsError } from './aws-error.js'

const LATEST = '$LATEST'

export interface PublishedVersions {
  /** Undefined where versions are not published, or not of that code. */
  newestOf(functionName: string): Promise<string | undefined>
  /** Makes the image of a version that of `$LATEST` again. */
  restore(functionName: string, version: string): Promise<void>
  close(): void
}

export interface Version {
  Version?: string | undefined
  CodeSha256?: string | undefined
}

export async function openVersions(config: AwsClientConfig): Promise<PublishedVersions> {
  const sdk = await import('@aws-sdk/client-lambda')
  const client = new sdk.LambdaClient(config)
  return {
    newestOf: async (FunctionName) => {
      const found: Version[] = []
      try {
        const pages = sdk.paginateListVersionsByFunction({ client }, { FunctionName })
        for await (const { Versions = [] } of pages) found.push(...Versions)
      } catch (error) {
        throw awsError(`list the versions of ${FunctionName}`, error)
      }
      return newest(found)
    },
    restore: async (FunctionName, version) => {
      try {
        const found = await client.send(new sdk.GetFunctionCommand({ FunctionName, Qualifier: version }))
        const ImageUri = found.Code?.ImageUri ?? noImage(FunctionName, version)
        await client.send(new sdk.UpdateFunctionCodeCommand({ FunctionName, ImageUri }))
      } catch (error) {
        if (error instanceof sdk.ResourceNotFoundException) throw noVersion(FunctionName, version)
        throw awsError(`give ${FunctionName} the code of version ${version} again`, error)
      }
    },
    close: () => client.destroy(),
  }
}

/** `deploy function` changes the code and publishes nothing: then no version has it. */
export function newest(versions: readonly Version[]): string | undefined {
  const latest = versions.find(({ Version }) => Version === LATEST)
  const same = versions.filter(({ Version, CodeSha256 }) => Version !== LATEST && CodeSha256 === latest?.CodeSha256)
  return same.toSorted((a, b) => Number(b.Version) - Number(a.Version))[0]?.Version
}

const noVersion = (functionName: string, version: string) =>
  new SpillwayError(
    'function-not-found',
    `There is no version ${version} of ${functionName} at AWS. \`serverless deploy list functions\` lists those that are there.`,
  )

function noImage(functionName: string, version: string): never {
  throw new SpillwayError(
    'not-available',
    `Version ${version} of ${functionName} has no image: it was not deployed by Spillway, and cannot take the place of one that was.`,
  )
}
