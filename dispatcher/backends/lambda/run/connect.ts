/** AWS's own clients, loaded when the first attempt is due. */
import type { Aws, AwsPlace, InvocationAnswer, LambdaCalls } from './aws.js'
import { openStaging } from './staging-bucket.js'

/** Most calls at once; each holds a connection for as long as its function runs. */
const CONNECTIONS_MAX = 10_000
const CONNECT_MS = 10_000

export async function connect(place: AwsPlace): Promise<Aws> {
  const [lambda, staging] = await Promise.all([openLambda(place), openStaging(place)])
  return { lambda, staging }
}

/** We try again ourselves: some faults leave it open whether the function runs. */
async function openLambda({ region, endpoints, credentials }: AwsPlace): Promise<LambdaCalls> {
  const sdk = await import('@aws-sdk/client-lambda')
  const client = new sdk.LambdaClient({
    ...(region ? { region } : {}),
    maxAttempts: 1,
    ...(credentials ? { credentials } : {}),
    ...(endpoints?.lambda ? { endpoint: endpoints.lambda } : {}),
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: 0,
      httpAgent: { keepAlive: true, maxSockets: CONNECTIONS_MAX },
      httpsAgent: { keepAlive: true, maxSockets: CONNECTIONS_MAX },
    },
  })
  return {
    invoke: async ({ functionName, qualifier, payload, signal }) => {
      const of = { FunctionName: functionName, ...(qualifier ? { Qualifier: qualifier } : {}) }
      const command = new sdk.InvokeCommand({ ...of, Payload: payload, LogType: 'Tail' })
      return asAnswer(await client.send(command, { abortSignal: signal }))
    },
    functionFacts: async (name, qualifier) => {
      const of = { FunctionName: name, ...(qualifier ? { Qualifier: qualifier } : {}) }
      const { State, StateReason } = await client.send(new sdk.GetFunctionConfigurationCommand(of))
      return { ...(State ? { state: State } : {}), ...(StateReason ? { stateReason: StateReason } : {}) }
    },
    accountConcurrency: async () => {
      const { AccountLimit } = await client.send(new sdk.GetAccountSettingsCommand({}))
      return AccountLimit?.UnreservedConcurrentExecutions
    },
    close: () => client.destroy(),
  }
}

interface SdkAnswer {
  FunctionError?: string | undefined
  Payload?: Uint8Array | undefined
  LogResult?: string | undefined
}

const asAnswer = ({ FunctionError, Payload, LogResult }: SdkAnswer): InvocationAnswer => ({
  ...(FunctionError ? { functionError: FunctionError } : {}),
  payload: Buffer.from(Payload ?? []).toString(),
  logTail: Buffer.from(LogResult ?? '', 'base64').toString(),
})
