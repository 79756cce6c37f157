/** `serverless invoke`: one request; on standard output its result and nothing else. */
import { fstatSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isUtf8 } from 'node:buffer'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { isEnded } from '../../runtime/contract/invocation.js'
import { dispatcherOf, functionOption, option, type CommandContext } from '../context.js'
import type { DispatcherClient } from '../dispatcher-client.js'
import { failureText } from '../words.js'

/** Seconds for which one request waits; the loop asks again. */
const WAIT_SECONDS = 30
/** Least time between two questions, should the answer not wait. */
const ASK_EVERY_MS = 200
const LOG_LINES_ON_FAILURE = 20

export async function invoke(context: CommandContext): Promise<void> {
  const { name } = functionOption(context)
  const type = option(context, 'type') ?? 'RequestResponse'
  if (type !== 'RequestResponse' && type !== 'Event')
    throw new SpillwayError('invalid-request', `--type must be RequestResponse or Event, got ${JSON.stringify(type)}.`)
  const body = await readInput(context)
  const client = await dispatcherOf(context)
  const { id } = await client.invoke(name, { body, contentType: contentType(body, context.options.raw === true) })
  if (type === 'Event') return context.output.writeText(id)
  const record = await untilEnded(client, id)
  if (context.options.log === true || record.state !== 'succeeded') await showLog(client, context, record)
  if (record.state === 'succeeded') writeResult(record, context)
  else reportFailure(record, context)
}

/** `-d`, `-p`, or what is piped in; byte for byte. */
export async function readInput(context: CommandContext): Promise<Buffer> {
  const data = option(context, 'data')
  if (data !== undefined) return Buffer.from(data)
  const path = option(context, 'path')
  if (path === undefined) return isPiped() ? buffer(process.stdin) : Buffer.alloc(0)
  const file = resolve(context.service.directory, path)
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new SpillwayError('invalid-request', `--path names ${file}, which cannot be read.`, {}, { cause })
  }
}

function isPiped(): boolean {
  const input = fstatSync(0)
  return input.isFIFO() || input.isFile() || input.isSocket()
}

export function contentType(body: Buffer, raw: boolean): string {
  if (!isUtf8(body)) return 'application/octet-stream'
  return !raw && isJson(body.toString('utf8')) ? 'application/json' : 'text/plain; charset=utf-8'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

export async function untilEnded(client: DispatcherClient, id: string): Promise<InvocationRecord> {
  for (;;) {
    const [record] = await Promise.all([client.invocation(id, WAIT_SECONDS), delay(ASK_EVERY_MS)])
    if (isEnded(record.state)) return record
  }
}

function writeResult({ id, result }: InvocationRecord, { output }: CommandContext): void {
  if (!result) return
  const body = Buffer.from(result.body, result.encoding)
  process.stdout.write(body)
  if (process.stdout.isTTY && body.length > 0 && body.at(-1) !== 0x0a) process.stdout.write('\n')
  if (result.truncated) output.log.warning(`The result was longer than is kept; all of it is in the log of ${id}.`)
}

async function showLog(
  client: DispatcherClient,
  { options, output }: CommandContext,
  { id }: InvocationRecord,
): Promise<void> {
  const lines = await client.log(id)
  for (const { text } of options.log === true ? lines : lines.slice(-LOG_LINES_ON_FAILURE)) output.log.notice(text)
}

/** Not thrown: the framework would print it on standard output, which belongs to the result. */
function reportFailure(record: InvocationRecord, { output }: CommandContext): void {
  output.log.error(`${record.function}: ${failureText(record)}`)
  output.log.notice(`  more: serverless spillway explain ${record.id}`)
  process.exitCode = 1
}
