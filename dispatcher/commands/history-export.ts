/** `spillway history export`: what a dispatcher has on record of work that ended, for `spillway simulate`. */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { asError, SpillwayError } from '../../runtime/contract/errors.js'
import type { Command, CommandCall } from './command.js'

const FORMATS = ['csv', 'json']

export const historyExport: Command = {
  name: 'history export',
  about: 'Write what a dispatcher has on record of work that ended, one row for each invocation.',
  options: {
    url: { value: 'URL', about: 'of the dispatcher; default: http://127.0.0.1:7700' },
    since: { value: 'TIME', about: 'only what was accepted from then on, e.g. 2026-11-01; default: everything' },
    format: { value: 'NAME', about: 'csv or json, one object a line; default: csv' },
    output: { value: 'FILE', about: 'where to; default: standard output' },
  },
  notes: 'Environment\n  SPILLWAY_TOKEN  the token of a user, where the dispatcher wants one',
  async run({ values, environment, print, say, signal }) {
    const { url = 'http://127.0.0.1:7700', output } = values as Partial<Record<string, string>>
    const answer = await ask(addressOf(url, values), environment.SPILLWAY_TOKEN, signal)
    if (output === undefined) return whole(printAll(answer, print), signal)
    await whole(save(answer, output), signal)
    say(`The history is in ${output}.`)
  },
}

function addressOf(url: string, values: CommandCall['values']): URL {
  const { since, format = 'csv' } = values as Partial<Record<string, string>>
  if (!FORMATS.includes(format)) throw wrong('format', FORMATS.join(' or '), format)
  const time = since === undefined ? 0 : Date.parse(since)
  if (!Number.isFinite(time)) throw wrong('since', 'a time such as 2026-11-01 or 2026-11-01T12:00:00Z', since)
  if (!/^https?:/i.test(url) || !URL.canParse(url)) throw wrong('url', 'an address such as http://127.0.0.1:7700', url)
  return new URL(`${url.replace(/\/+$/, '')}/v1/history?since=${time}&format=${format}`)
}

const wrong = (option: string, expected: string, came: string | undefined) =>
  new SpillwayError('invalid-request', `--${option} must be ${expected}, got ${JSON.stringify(came)}.`)

async function ask(address: URL, token: string | undefined, signal: AbortSignal): Promise<Readable> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  const answer = await fetch(address, { headers, signal }).catch((thrown: unknown) => {
    const { cause } = thrown as { cause?: unknown }
    throw new SpillwayError(
      'dispatcher-unreachable',
      `No dispatcher answers at ${address.origin}: ${asError(cause ?? thrown).message}. Give its address with --url.`,
    )
  })
  if (answer.ok && answer.body) return Readable.fromWeb(answer.body as ReadableStream)
  throw new SpillwayError('invalid-request', `${address.origin} answered ${answer.status}: ${await answer.text()}`)
}

/** A dispatcher that goes away in the middle leaves no half of a history that looks like one. */
async function whole(work: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await work
  } catch (thrown) {
    signal.throwIfAborted()
    const { message, cause } = asError(thrown)
    const why = cause === undefined ? message : `${message}: ${asError(cause).message}`
    throw new SpillwayError('dispatcher-unreachable', `The history is not complete (${why}). Export it again.`)
  }
}

async function save(answer: Readable, file: string): Promise<void> {
  const unfinished = `${file}.part`
  try {
    await pipeline(answer, createWriteStream(unfinished))
    await rename(unfinished, file)
  } catch (thrown) {
    await rm(unfinished, { force: true })
    throw thrown
  }
}

async function printAll(answer: Readable, print: CommandCall['print']): Promise<void> {
  let rest = ''
  for await (const chunk of answer.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) print(line)
  }
}
