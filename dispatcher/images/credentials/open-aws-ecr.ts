/** ECR's API by the AWS SDK, loaded when it is first needed; keys come as the SDK finds them. */
import type { ECRClientConfig } from '@aws-sdk/client-ecr'
import { asError, SpillwayError } from '../../../runtime/contract/errors.js'
import type { EcrApi } from './ecr.js'

/** What makes a repository no business of ours: it is there, or others make them. */
const NO_FAULTS = ['RepositoryAlreadyExistsException', 'AccessDeniedException']

/** Hours for which a password is good when AWS does not say. */
const TOKEN_HOURS = 12

/** `settings`: other credentials than the SDK finds by itself. */
export async function openAwsEcr(region: string, settings: ECRClientConfig = {}): Promise<EcrApi> {
  const { ECRClient, GetAuthorizationTokenCommand, CreateRepositoryCommand } = await import('@aws-sdk/client-ecr')
  const client = new ECRClient({ ...settings, region })
  const optionsOf = (signal?: AbortSignal) => (signal ? { abortSignal: signal } : {})
  return {
    async token(signal) {
      const command = new GetAuthorizationTokenCommand({})
      const answer = await client.send(command, optionsOf(signal)).catch((error: unknown) => {
        throw refused(region, 'gives no password', error)
      })
      const { authorizationToken = '', expiresAt } = answer.authorizationData?.[0] ?? {}
      return { token: authorizationToken, endsAt: (expiresAt ?? inHours(TOKEN_HOURS)).getTime() }
    },
    async createRepository(repositoryName, signal) {
      const command = new CreateRepositoryCommand({ repositoryName })
      await client.send(command, optionsOf(signal)).catch((error: unknown) => {
        if (!NO_FAULTS.includes(asError(error).name))
          throw refused(region, `makes no repository ${repositoryName}`, error)
      })
    },
  }
}

const inHours = (hours: number) => new Date(Date.now() + hours * 3600 * 1000)

const refused = (region: string, what: string, error: unknown) =>
  new SpillwayError(
    'registry-refused',
    `Amazon ECR in ${region} ${what}: ${asError(error).message}. It needs AWS credentials with ecr:GetAuthorizationToken, and ecr:CreateRepository for repositories that are not there yet.`,
    {},
    { cause: error },
  )
