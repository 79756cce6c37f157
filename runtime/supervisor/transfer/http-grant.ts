/** Grants over HTTP: presigned URLs of a store, or the dispatcher itself. Streams; a large file takes no more memory. */
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { asError } from '../../contract/errors.js'
import { errorCode } from '../attempt-failure.js'
import { exchange, open } from '../http-request.js'
import { passing } from './passing.js'
import type { Download, Upload } from './transfer.js'
import { TransferError } from './transfer-error.js'

/** Milliseconds of silence after which a transfer counts as broken off. */
export const IDLE_MS = 60_000

/** Bytes that a disk gives at a time, more than a socket does: each turn costs a switch between threads. */
const READ_BYTES = 512 * 1024

/** Bytes that may wait for the disk: what comes during one write goes in the next, and the network does not wait. */
const WRITE_BYTES = 1024 ** 2

export async function readHttpGrant({ grant, to, bytesMax, signal }: Download): Promise<void> {
  const { url, headers, ca } = grant
  const answer = await connected(() => open({ method: 'GET', url, headers, ca, signal, idleMs: IDLE_MS }))
  const status = answer.statusCode ?? 0
  if (status !== 200) {
    answer.destroy()
    throw refusal(status)
  }
  await receive(answer, { to, bytesMax, signal })
}

/** Writes the body of an answer to a file, up to that many bytes. */
export async function receive(
  answer: IncomingMessage,
  { to, bytesMax, signal }: Omit<Download, 'grant'>,
): Promise<void> {
  const announced = Number(answer.headers['content-length'] ?? 0)
  if (announced > bytesMax) {
    answer.destroy()
    throw tooLarge(announced, bytesMax)
  }
  const file = createWriteStream(to, { highWaterMark: WRITE_BYTES })
  await connected(() => pipeline(atMost(bytesMax, answer), file, { signal }))
}

/** Breaks an answer off that has more, counting in passing; not every one says beforehand how long it is. */
function atMost(bytesMax: number, answer: IncomingMessage): IncomingMessage {
  let bytes = 0
  return answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    passing(chunk.length)
    if (bytes > bytesMax) answer.destroy(tooLarge(bytes, bytesMax))
  })
}

const tooLarge = (bytes: number, bytesMax: number) =>
  new TransferError('too-large', `it has ${bytes} bytes or more, at most ${bytesMax} fit`)

/** Bytes of a file that go in one request. */
export interface Stretch {
  start: number
  size: number
}

export async function writeHttpGrant({ grant, from, signal }: Upload, stretch?: Stretch): Promise<void> {
  const { start, size } = stretch ?? { start: 0, size: (await stat(from)).size }
  const { url, ca } = grant
  const headers = { ...grant.headers, 'content-length': String(size) }
  const body = size === 0 ? Buffer.alloc(0) : readFrom(from, { start, size })
  const answer = await connected(() => exchange({ method: 'PUT', url, headers, ca, body, signal, idleMs: IDLE_MS }))
  if (answer.status < 200 || answer.status > 299) throw refusal(answer.status, answer.body.subarray(0, 200).toString())
}

function readFrom(path: string, { start, size }: Stretch): Readable {
  const file = createReadStream(path, { start, end: start + size - 1, highWaterMark: READ_BYTES })
  return file.on('data', (chunk) => passing(chunk.length))
}

function refusal(status: number, text = ''): TransferError {
  const message = `the storage answered ${status} ${text}`.trim()
  if (status >= 500 || status === 408 || status === 429) return new TransferError('interrupted', message)
  return new TransferError(status === 404 || status === 403 || status === 410 ? 'missing' : 'refused', message)
}

/** Faults of the network become `interrupted`; those of our own disk stay what they are. */
export async function connected<T>(talk: () => Promise<T>): Promise<T> {
  try {
    return await talk()
  } catch (error) {
    if (error instanceof TransferError || errorCode(error) === 'ENOSPC') throw error
    throw new TransferError('interrupted', `the connection to the storage broke: ${asError(error).message}`)
  }
}
