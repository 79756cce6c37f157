/** Which version of a function on Lambda has the code that was deployed last: it never changes, as `$LATEST` does. */
import type { AwsClientConfig } from '../serverless.js'
import { awsError } from './aws-error.js'

const LATEST = '$LATEST'

export interface PublishedVersions {
  /** Undefined where versions are not published, or not of that code. */
  newestOf(functionName: string): Promise<string | undefined>
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
    close: () => client.destroy(),
  }
}

/** `deploy function` changes the code and publishes nothing: then no version has it. */
export function newest(versions: readonly Version[]): string | undefined {
  const latest = versions.find(({ Version }) => Version === LATEST)
  const same = versions.filter(({ Version, CodeSha256 }) => Version !== LATEST && CodeSha256 === latest?.CodeSha256)
  return same.toSorted((a, b) => Number(b.Version) - Number(a.Version))[0]?.Version
}
