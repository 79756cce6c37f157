/** Writes a stream of unknown length: a small one in one request, a large one in pieces. */
import type { Readable } from 'node:stream'
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { ObjectRef } from '../object-store.js'
import { inPieces, type Piece } from './pieces.js'
import { abortUpload, beginUpload, completeUpload, sendPieces } from './upload.js'

/** Bytes of one piece; with at most 10,000 of them an object has up to 80 GB. */
const PIECE_BYTES = 8 * 1024 ** 2

/** Replaces the object as a whole, or, when the stream or the store fails, not at all. */
export async function writeObject(client: S3Client, object: ObjectRef, content: Readable): Promise<void> {
  const pieces = inPieces(content, PIECE_BYTES)
  const { value: first } = (await pieces.next()) as { value: Piece }
  if (first.isLast) await put(client, object, first.piece)
  else await inParts(client, object, startingWith(first, pieces))
}

async function put(client: S3Client, { bucket, key }: ObjectRef, body: Buffer): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
}

async function inParts(client: S3Client, object: ObjectRef, pieces: AsyncIterable<Piece>): Promise<void> {
  const upload = await beginUpload(client, object)
  try {
    await completeUpload(client, upload, await sendPieces(client, upload, pieces))
  } catch (error) {
    await abortUpload(client, upload).catch(() => undefined)
    throw error
  }
}

async function* startingWith<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first
  yield* rest
}
