#!/usr/bin/env node
// One table in; its number of rows and the total of each column of numbers out.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const { INPUT_FILE_PATH, STORAGE_OBJECT_KEY, TMP_OUTPUT_DIR } = process.env
const [head, ...rows] = (await readFile(INPUT_FILE_PATH, 'utf8'))
  .trim()
  .split('\n')
  .map((line) => line.split(','))

const totals = {}
for (const [column, name] of head.entries()) {
  const numbers = rows.map((row) => Number(row[column]))
  if (numbers.every(Number.isFinite)) totals[name] = numbers.reduce((sum, number) => sum + number, 0)
}

const result = join(TMP_OUTPUT_DIR, STORAGE_OBJECT_KEY.replace(/\.csv$/, '.json'))
await mkdir(dirname(result), { recursive: true })
await writeFile(result, `${JSON.stringify({ rows: rows.length, totals })}\n`)
