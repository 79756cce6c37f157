#!/usr/bin/env node
// One photograph in; a thumbnail and a JSON document about it out.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import sharp from 'sharp'

const THUMBNAIL_PIXELS = 320
const COLOURS = 5
/** Levels per channel: 4 x 4 x 4 colours are told apart. */
const LEVELS = 4

const { INPUT_FILE_PATH, TMP_OUTPUT_DIR } = process.env
const { base, name } = parse(INPUT_FILE_PATH)
const content = await readFile(INPUT_FILE_PATH)
const photo = sharp(content).autoOrient()

const size = { width: THUMBNAIL_PIXELS, height: THUMBNAIL_PIXELS, fit: 'inside', withoutEnlargement: true }
const thumbnail = await photo
  .clone()
  .resize(size)
  .webp()
  .toFile(join(TMP_OUTPUT_DIR, `${name}.webp`))

const { format, autoOrient } = await sharp(content).metadata()
const facts = {
  file: base,
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  format,
  width: autoOrient.width,
  height: autoOrient.height,
  thumbnail: { width: thumbnail.width, height: thumbnail.height, bytes: thumbnail.size },
  colours: dominantColours(
    await photo.clone().resize(64, 64, { fit: 'fill' }).removeAlpha().toColourspace('srgb').raw().toBuffer(),
  ),
}
await writeFile(join(TMP_OUTPUT_DIR, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`)
console.log(`${base}: ${facts.width} x ${facts.height}, thumbnail ${thumbnail.width} x ${thumbnail.height}`)

/** The most frequent colours, each the mean of the pixels that fall into the same cell of the colour cube. */
function dominantColours(pixels) {
  const cells = new Map()
  for (let at = 0; at < pixels.length; at += 3) {
    const rgb = pixels.subarray(at, at + 3)
    const cell = rgb.reduce((index, channel) => index * LEVELS + Math.floor((channel * LEVELS) / 256), 0)
    const { count, sum } = cells.get(cell) ?? { count: 0, sum: [0, 0, 0] }
    cells.set(cell, { count: count + 1, sum: sum.map((value, channel) => value + rgb[channel]) })
  }
  return [...cells.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, COLOURS)
    .map(({ count, sum }) => ({
      colour: hex(sum.map((value) => value / count)),
      share: round(count / (pixels.length / 3)),
    }))
}

function hex(rgb) {
  return `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`
}

function round(share) {
  return Math.round(share * 1000) / 1000
}
