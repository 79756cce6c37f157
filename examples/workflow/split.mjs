#!/usr/bin/env node
// One Markdown document in; each of its sections out: the text as .txt, the table as .csv.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, parse } from 'node:path'

const { INPUT_FILE_PATH, TMP_OUTPUT_DIR } = process.env
const document = parse(INPUT_FILE_PATH).name
const folder = join(TMP_OUTPUT_DIR, document)
await mkdir(folder, { recursive: true })

const sections = (await readFile(INPUT_FILE_PATH, 'utf8')).split(/^# /m).slice(1)
for (const [index, section] of sections.entries()) {
  const [title, ...lines] = section.split('\n')
  const name = `${String(index + 1).padStart(2, '0')}-${slug(title)}`
  const [rows, text] = [lines.filter(isRow), lines.filter((line) => !isRow(line) && line.trim() !== '')]
  if (rows.length > 0) await write(`${name}.csv`, rows.filter((row) => !/^[|\s:-]+$/.test(row)).map(cells))
  if (text.length > 0) await write(`${name}.txt`, text)
}
console.log(`${document}: ${sections.length} sections`)

function isRow(line) {
  return line.startsWith('|')
}

function cells(row) {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
    .join(',')
}

function slug(title) {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

async function write(name, lines) {
  await writeFile(join(folder, name), `${lines.join('\n')}\n`)
}
