#!/usr/bin/env node
// One result of either branch in; a sentence about it out, in the folder of its document.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const { INPUT_FILE_PATH, STORAGE_OBJECT_KEY, TMP_OUTPUT_DIR } = process.env
const [branch, ...path] = STORAGE_OBJECT_KEY.split('/')
const part = path.join('/').replace(/\.json$/, '')

const sentences = {
  words: ({ words }) => `${words} words`,
  tables: ({ rows, totals }) =>
    [`${rows} rows`, ...Object.entries(totals).map(([name, total]) => `${name} ${total}`)].join(', '),
}
const result = JSON.parse(await readFile(INPUT_FILE_PATH, 'utf8'))

const report = join(TMP_OUTPUT_DIR, `${part}.${branch}.txt`)
await mkdir(dirname(report), { recursive: true })
await writeFile(report, `${part}: ${sentences[branch](result)}\n`)
