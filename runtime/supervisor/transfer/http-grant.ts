/** Grants over HTTP: presigned URLs of a store, or the dispatcher itself. Streams; a large file takes no more memory. */
import { closeSync, openSync, writeSync, promises as fs } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { asError } from '../../contract/errors.js'
import { errorCode } from '../attempt-failure.js'
import type { FilePart } from '../file-part.js'
import { eachPiece, exchange, open } from '../http-request.js'
import { passing } from './passing.js'
import type { Download, Upload } from './transfer.js'
import { TransferError } from './transfer-error.js'

/** Milliseconds of silence after which a transfer counts as broken off. */
export const IDLE_MS = 60_000

export async function readHttpGrant({ grant, to, bytesMax, signal }: Download): Promise<void> {
  const { url, headers, ca } = grant
  const answer = await connected(() => open({ method: 'GET', url, headers, ca, signal, idleMs: IDLE_MS }))
  const status = answer.statusCode ?? 0
  if (status !== 200) {
    answer.destroy()
    throw refusal(status)
  }
  await receive(answer, { to, bytesMax })
}

/** Writes the body of an answer to a file, up to that many bytes; not every one says beforehand how long it is. */
export async function receive(
  answer: IncomingMessage,
  { to, bytesMax }: Pick<Download, 'to' | 'bytesMax'>,
): Promise<void> {
  const announced = Number(answer.headers['content-length'] ?? 0)
  if (announced > bytesMax) {
    answer.destroy()
    throw tooLarge(announced, bytesMax)
  }
  let bytes = 0
  await connected(() =>
    intoFile(answer, to, (piece) => {
      bytes += piece.length
      passing(piece.length)
      if (bytes > bytesMax) throw tooLarge(bytes, bytesMax)
    }),
  )
}

async function intoFile(answer: IncomingMessage, to: string, check: (piece: Buffer) => void): Promise<void> {
  const file = openSync(to, 'w')
  try {
    await eachPiece(answer, (piece) => {
      check(piece)
      writeAll(file, piece)
    })
  } finally {
    closeSync(file)
  }
}

/** Synchronously: another thread would need a copy of the bytes, and the page cache takes them in less time than that. */
function writeAll(file: number, piece: Buffer): void {
  for (let written = 0; written < piece.length;) written += writeSync(file, piece, written)
}

const tooLarge = (bytes: number, bytesMax: number) =>
  new TransferError('too-large', `it has ${bytes} bytes or more, at most ${bytesMax} fit`)

export async function writeHttpGrant({ grant, from, signal }: Upload, stretch?: Omit<FilePart, 'path'>): Promise<void> {
  const { start, size } = stretch ?? { start: 0, size: (await fs.stat(from)).size }
  const { url, headers, ca } = grant
  const body = { path: from, start, size }
  const answer = await connected(() => exchange({ method: 'PUT', url, headers, ca, body, signal, idleMs: IDLE_MS }))
  if (answer.status < 200 || answer.status > 299) throw refusal(answer.status, answer.body.subarray(0, 200).toString())
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
