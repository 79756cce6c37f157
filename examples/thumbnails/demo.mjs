// The whole way once: deploys this example with the real CLI, drops the photographs in, watches, shows what came out.
import { spawn } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'

const DEADLINE_MS = 60_000
const FUNCTION = 'thumbnails-dev-thumbnail'

const service = dirname(fileURLToPath(import.meta.url))
const addressFile = join(service, '.spillway/dispatcher.json')
const quiet = { SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off', NODE_NO_WARNINGS: '1' }
const started = Date.now()

for (const folder of ['.spillway', 'data']) await rm(join(service, folder), { recursive: true, force: true })
say(`$ serverless spillway dev        # in ${relative(process.cwd(), service) || '.'}`)
const dev = serverless(['spillway', 'dev'], ['ignore', 'pipe', 'pipe'])
let devOutput = ''
for (const stream of [dev.stdout, dev.stderr]) stream.on('data', (chunk) => (devOutput += chunk))
const devEnded = new Promise((resolve) => dev.once('exit', resolve))

try {
  const url = await until(deployed, 'the deployed function')
  say(`✔ dispatcher at ${url}, function ${FUNCTION} deployed, in ${since(started)}\n`)
  const photos = (await readdir(join(service, 'photos'))).filter((name) => /\.(jpg|png)$/.test(name))
  const dropped = Date.now()
  say(`$ cp photos/*.jpg photos/*.png data/photos/`)
  await mkdir(join(service, 'data/photos'), { recursive: true })
  for (const name of photos) await copyFile(join(service, 'photos', name), join(service, 'data/photos', name))
  const ended = await until(() => workedOn(url, photos.length), 'the results')
  say(`\n✔ ${photos.length} photographs in ${since(dropped)}\n`)
  for (const { id } of ended.reverse()) await show(await get(url, `/v1/invocations/${id}`))
  await explain(ended[0].id)
  const failed = ended.filter(({ state }) => state !== 'succeeded')
  if (failed.length > 0) throw new Error(`${failed.length} invocations did not succeed`)
  say(`\nDone in ${since(started)}. \`npm start\` leaves this running, for photographs of yours.`)
} catch (error) {
  console.error(`\nThe demo failed: ${error.message}\n${devOutput}`)
  process.exitCode = 1
} finally {
  dev.kill('SIGINT')
  await devEnded
}

/** The URL of the dispatcher once the function is there. */
async function deployed() {
  if (dev.exitCode !== null) throw new Error('`serverless spillway dev` has ended')
  const { url } = JSON.parse(await readFile(addressFile, 'utf8'))
  const { functions } = await get(url, '/v1/functions')
  return functions.some(({ name }) => name === FUNCTION) && url
}

async function workedOn(url, count) {
  const { invocations } = await get(url, `/v1/invocations?limit=${count}`)
  const ended = invocations.filter(({ state }) => state === 'succeeded' || state === 'failed')
  const running = invocations.filter(({ state }) => state === 'running')
  progress(ended.length, count, running)
  return ended.length === count && ended
}

function progress(ended, count, running) {
  const width = 28
  const filled = Math.round((ended / count) * width)
  const names = running.map(({ input }) => input.event.key).join(', ')
  const line = `  [${'█'.repeat(filled)}${'·'.repeat(width - filled)}] ${ended}/${count}  ${names}`
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${line.slice(0, (process.stdout.columns || 100) - 1)}`)
  else if (line !== progress.last) say(line)
  progress.last = line
}

async function show({ input, acceptedAt, endedAt, outputs }) {
  const places = outputs.map(({ bucket, key }) => relative(process.cwd(), join(service, 'data', bucket, key)))
  const facts = places.find((place) => place.endsWith('.json'))
  const { colours } = JSON.parse(await readFile(facts, 'utf8'))
  const swatches = colours.map(({ colour }) => swatch(colour)).join('')
  say(`  ${input.event.key.padEnd(22)} ${`${((endedAt - acceptedAt) / 1000).toFixed(2)} s`.padStart(7)}  ${swatches}`)
  for (const place of places) say(`    ${place}`)
}

function swatch(colour) {
  if (!process.stdout.isTTY) return ` ${colour}`
  const [r, g, b] = colour.match(/[0-9a-f]{2}/g).map((hex) => parseInt(hex, 16))
  return `\x1b[48;2;${r};${g};${b}m   \x1b[0m`
}

async function explain(id) {
  say(`\n$ serverless spillway explain ${id}`)
  const child = serverless(['spillway', 'explain', id], ['ignore', 'inherit', 'inherit'])
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0) throw new Error(`explain ended with exit code ${code}`)
}

/** The real CLI of the framework, as it lies in node_modules. */
function serverless(words, stdio) {
  const cli = fileURLToPath(import.meta.resolve('osls/bin/serverless.js'))
  return spawn(process.execPath, [cli, ...words], { cwd: service, stdio, env: { ...process.env, ...quiet } })
}

async function get(url, path) {
  const response = await fetch(url + path)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

async function until(ask, what) {
  for (;;) {
    const answer = await ask().catch((error) =>
      error.code === 'ENOENT' || error.cause ? undefined : Promise.reject(error),
    )
    if (answer) return answer
    if (Date.now() - started > DEADLINE_MS) throw new Error(`${what} did not come within ${DEADLINE_MS / 1000} s`)
    await delay(50)
  }
}

function since(time) {
  return `${((Date.now() - time) / 1000).toFixed(1)} s`
}

function say(line) {
  console.log(line)
}
