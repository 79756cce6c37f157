/**
 * Secrets of a function from AWS Secrets Manager, fetched once, when a sandbox starts:
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
import { parseSecretName } from '../../contract/lambda-function.js'
import { domainOf } from '../aws/s3-address.js'
import { signedHeaders, type Address } from '../aws/sigv4.js'
import { ConfigError } from '../config.js'
import { exchange } from '../http-request.js'
import { backoffMs, wait } from '../wait.js'
import type { LambdaConfig } from './lambda-config.js'

const TRIES = 4
const CALL_MS = 5000

/** Variables with their values. */
export async function fetchSecrets(config: LambdaConfig, now: () => number): Promise<Record<string, string>> {
  const values = new Map<string, Promise<string>>()
  const entries = config.file.secrets.map(async ({ env, from }) => {
    const { name, key } = parseSecretName(from)
    const value = values.get(name) ?? fetchSecret(name, config, now)
    values.set(name, value)
    return [env, key === undefined ? await value : pick(await value, name, key)]
  })
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>
}

async function fetchSecret(name: string, config: LambdaConfig, now: () => number): Promise<string> {
  for (let tries = 1; ; tries++) {
    const { status, text } = await ask(name, config, now)
    if (status === 200) return (JSON.parse(text) as { SecretString?: string }).SecretString ?? ''
    if (status < 500 || tries === TRIES)
      throw new ConfigError(
        `the secret ${name} cannot be read: Secrets Manager answered ${status} ${text.slice(0, 300)}`,
      )
    await wait(backoffMs(tries, { first: 100, most: 1000 }))
  }
}

async function ask(name: string, { region, credentials, endpoints }: LambdaConfig, now: () => number) {
  const address: Address = {
    origin: endpoints.secrets ?? `https://secretsmanager.${region}.${domainOf(region)}`,
    path: '/',
  }
  const body = Buffer.from(JSON.stringify({ SecretId: name }))
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'secretsmanager.GetSecretValue',
  }
  const signing = { method: 'POST', address, headers, body, credentials, region, service: 'secretsmanager' }
  const call = { method: 'POST', url: address.origin, body, idleMs: CALL_MS }
  const answer = await exchange({ ...call, headers: signedHeaders({ ...signing, nowMs: now() }) }).catch(
    (error: Error) => ({ status: 503, body: Buffer.from(error.message) }),
  )
  return { status: answer.status, text: answer.body.toString() }
}

/** One value of a secret that is a map. */
function pick(text: string, name: string, key: string): string {
  const value = valueIn(text, key)
  if (value === undefined) throw new ConfigError(`the secret ${name} is no JSON map with the key ${key}`)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function valueIn(text: string, key: string): unknown {
  try {
    return (Object(JSON.parse(text)) as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}
