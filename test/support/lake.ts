/** The files of the spillway's story in MinIO: what is uploaded there, and what must have been made of it. */
import assert from 'node:assert/strict'
import { buffer, text } from 'node:stream/consumers'
import type { MinioServer } from '../real/programs/minio.js'

const BUCKETS = { files: 'files', results: 'results', sides: 'sides' }

/** As a function says them. */
export const FILES = `lake://${BUCKETS.files}/`
export const RESULTS = `lake://${BUCKETS.results}/`
/** Of a function that is to run on one side. */
export const resultsOn = (side: string): string => `lake://${BUCKETS.sides}/${side}/`

/** Takes as many seconds as the first line says. */
export const SCRIPT = `#!/bin/sh
set -e
name=$(basename "$INPUT_FILE_PATH")
sleep "$(head -n 1 "$INPUT_FILE_PATH")"
tail -n +2 "$INPUT_FILE_PATH" | tr a-z A-Z > "$TMP_OUTPUT_DIR/$name"
mkdir "$TMP_OUTPUT_DIR/sums"
sha256sum < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/sums/$name"
`

const BYTES = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256))

/** Content by name. */
export const ANY_FILES: Readonly<Record<string, Buffer>> = {
  'rose.txt': Buffer.from('0\nred\n'),
  'a b+c ü.bin': Buffer.concat([Buffer.from('0.5\n'), BYTES]),
  'hardly anything': Buffer.from('0\n'),
}

export interface Result {
  bytes: Buffer
  type: string
}

const contentOf = (name: string) => `words of ${name}\n`

const resultsOf = (name: string) => [name, `sums/${name}`]

export class Lake {
  readonly #minio: MinioServer
  /** Keys of all files whose results go to the bucket for them. */
  readonly #uploaded: string[] = []

  constructor(minio: MinioServer) {
    this.#minio = minio
  }

  /** From now on it is seen whether a result is published twice; the bucket must be there. */
  async keepVersions(): Promise<void> {
    await this.#client.setBucketVersioning(BUCKETS.results, { Status: 'Enabled' })
  }

  /** Run times by name; all are there before the next listing can see half of them. */
  async upload(prefix: string, runTimes: readonly number[]): Promise<string[]> {
    const names = runTimes.map((_, index) => `${prefix}-${String(index).padStart(2, '0')}`)
    const put = (name: string, index: number) =>
      this.#client.putObject(BUCKETS.files, name, `${runTimes[index]}\n${contentOf(name)}`)
    await Promise.all(names.map(put))
    this.#uploaded.push(...names)
    return names
  }

  /** Files of all kinds, for one side; the number of them. */
  async uploadFor(side: string): Promise<number> {
    const files = Object.entries(ANY_FILES)
    const put = ([name, content]: [string, Buffer]) =>
      this.#client.putObject(BUCKETS.files, `${side}-side/${name}`, content)
    await Promise.all(files.map(put))
    return files.length
  }

  /** Each result is there, is the same wherever it was made, and was published once. */
  async check(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const result = await text(await this.#client.getObject(BUCKETS.results, name))
      assert.equal(result, contentOf(name).toUpperCase())
    }
    const published = await this.#published()
    for (const name of names.flatMap(resultsOf)) assert.equal(published.get(name), 1, `${name} was published once`)
  }

  /** There is what was made of all files, once, and nothing else; answers their names. */
  async checkAll(): Promise<readonly string[]> {
    const published = await this.#published()
    assert.deepEqual([...published.keys()].toSorted(), this.#uploaded.flatMap(resultsOf).toSorted())
    assert.deepEqual(new Set(published.values()), new Set([1]))
    return this.#uploaded
  }

  /** By name. */
  async madeOn(side: string): Promise<Map<string, Result>> {
    const results = new Map<string, Result>()
    for await (const { name: key } of this.#client.listObjectsV2(BUCKETS.sides, `${side}/`, true)) {
      const { metaData } = await this.#client.statObject(BUCKETS.sides, key!)
      const bytes = await buffer(await this.#client.getObject(BUCKETS.sides, key!))
      results.set(key!.slice(`${side}/`.length), { bytes, type: String(metaData['content-type']) })
    }
    return results
  }

  /** How often each result was. */
  async #published(): Promise<Map<string, number>> {
    const versions = new Map<string, number>()
    for await (const { name } of this.#client.listObjects(BUCKETS.results, '', true, { IncludeVersion: true }))
      versions.set(String(name), (versions.get(String(name)) ?? 0) + 1)
    return versions
  }

  get #client() {
    return this.#minio.client()
  }
}
