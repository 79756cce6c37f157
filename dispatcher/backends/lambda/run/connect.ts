/** AWS's own clients, loaded when the first attempt is due. */
import type { Aws, AwsPlace, InvocationAnswer, LambdaCalls } from './aws.js'
import { openStaging } from './staging-bucket.js'
import { TIMES } from './times.js'

/** Most calls at once; each holds a connection for as long as its function runs. */
const CONNECTIONS_MAX = 10_000

export async function connect(place: AwsPlace): Promise<Aws> {
  const [lambda, staging] = await Promise.all([openLambda(place), openStaging(place)])
  return { lambda, staging }
}

/** We try again ourselves: some faults leave it open whether the function runs. */
async function openLambda({ region, endpoints, credentials, times = TIMES }: AwsPlace): Promise<LambdaCalls> {
  const sdk = await import('@aws-sdk/client-lambda')
  const client = new sdk.LambdaClient({
    ...(region ? { region } : {}),
    maxAttempts: 1,
    ...(credentials ? { credentials } : {}),
    ...(endpoints?.lambda ? { endpoint: endpoints.lambda } : {}),
    requestHandler: {
      connectionTimeout: times.connect,
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
      const command = new sdk.GetFunctionConfigurationCommand(of)
      const { State, StateReason } = await within(times.answer, (signals) => client.send(command, signals))
      return { ...(State ? { state: State } : {}), ...(StateReason ? { stateReason: StateReason } : {}) }
    },
    accountConcurrency: async () => {
      const command = new sdk.GetAccountSettingsCommand({})
      const { AccountLimit } = await within(times.answer, (signals) => client.send(command, signals))
      return AccountLimit?.UnreservedConcurrentExecutions
    },
    close: () => client.destroy(),
  }
}

/** There may be a connection with nobody at its other end. */
async function within<T>(
  milliseconds: number,
  send: (signals: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const abortSignal = AbortSignal.timeout(milliseconds)
  try {
    return await send({ abortSignal })
  } catch (cause) {
    throw abortSignal.aborted ? new Error(`Lambda has not answered for ${milliseconds / 1000} s`, { cause }) : cause
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
