/** What the command line wants to be worked on: a text, a file, what is piped in, or everything below a prefix. */
import { isUtf8 } from 'node:buffer'
import { createReadStream, fstatSync, readFileSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { REQUEST_BODY_BYTES_MAX } from '../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { parseLocation } from '../../runtime/contract/location.js'
import { option, type CommandContext } from '../context.js'
import type { Content } from '../http.js'
import type { Work } from './invoker.js'

/** Name of what has none. */
const BODY = 'body'

type Context = Pick<CommandContext, 'options' | 'service'>

export async function readWork(context: Context): Promise<Work> {
  const [input, data, path] = ['input', 'data', 'path'].map((name) => option(context, name))
  if (input !== undefined) {
    if (data === undefined && path === undefined) return { kind: 'prefix', place: readPlace(input, context) }
    throw new SpillwayError('invalid-request', '--input stands for --data and --path: give one of them.')
  }
  if (data === undefined && path !== undefined) return fileWork(path, context)
  return bodyWork(await readBody(context), context)
}

/** `-d`, or what is piped in; byte for byte. */
export async function readBody(context: Context): Promise<Buffer> {
  const data = option(context, 'data')
  if (data !== undefined) return Buffer.from(data)
  return isPiped() ? buffer(process.stdin) : Buffer.alloc(0)
}

/** Path of the file that `--path` names; it is there, and is a file. */
export function readPath(path: string, { service }: Pick<Context, 'service'>): string {
  const file = resolve(service.directory, path)
  const facts = statSync(file, { throwIfNoEntry: false })
  if (facts?.isFile()) return file
  const what = facts ? 'which is no file; `--input` names a folder of a bucket' : 'which is not there'
  throw new SpillwayError('invalid-request', `--path names ${file}, ${what}.`)
}

function fileWork(path: string, context: Context): Work {
  const file = readPath(path, context)
  const { size } = statSync(file)
  const content: Content = {
    name: basename(file),
    size,
    open: (stretch) => createReadStream(file, stretch && { start: stretch.start, end: endOf(stretch) }),
  }
  if (size > REQUEST_BODY_BYTES_MAX) return { kind: 'content', content }
  try {
    return { kind: 'content', content, contentType: contentType(readFileSync(file), context.options.raw === true) }
  } catch (cause) {
    throw new SpillwayError('invalid-request', `--path names ${file}, which cannot be read.`, {}, { cause })
  }
}

const endOf = ({ start, size }: { start: number; size: number }) => start + size - 1

function bodyWork(body: Buffer, { options }: Pick<Context, 'options'>): Work {
  const part = (stretch?: { start: number; size: number }) =>
    stretch ? body.subarray(stretch.start, stretch.start + stretch.size) : body
  const content: Content = { name: BODY, size: body.length, open: (stretch) => Readable.from([part(stretch)]) }
  return { kind: 'content', content, contentType: contentType(body, options.raw === true) }
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

function readPlace(text: string, { service }: Pick<Context, 'service'>) {
  const location = parseLocation(text)
  if (!location)
    throw new SpillwayError('invalid-request', `--input must be storage://bucket/prefix, got ${JSON.stringify(text)}.`)
  const names = Object.keys(service.config.storage)
  const storage = location.storage ?? (names.length === 1 ? names[0] : undefined)
  if (storage !== undefined && names.includes(storage)) return { ...location, storage }
  const came = location.storage === undefined ? 'names none' : `names ${JSON.stringify(location.storage)}`
  throw new SpillwayError(
    'invalid-request',
    `--input must begin with a storage of this service (${names.map((name) => `${name}://`).join(', ')}), ${text} ${came}.`,
  )
}
