// A burst on one machine: a dispatcher with this service, 40 recordings at once, and the live view until all are done.
import { spawn } from 'node:child_process'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'

const RECORDINGS = 40
/** In which they arrive. */
const BURST_MS = 2000
const DEADLINE_MS = 30_000
const FUNCTION = 'burst-dev-analyse'

const service = dirname(fileURLToPath(import.meta.url))
const quiet = { SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off', NODE_NO_WARNINGS: '1' }

for (const folder of ['.spillway', 'data']) await rm(join(service, folder), { recursive: true, force: true })
console.log(`$ serverless spillway dev        # in ${service}`)
const dev = serverless(['spillway', 'dev'], ['ignore', 'pipe', 'pipe'])
let devOutput = ''
for (const stream of [dev.stdout, dev.stderr]) stream.on('data', (chunk) => (devOutput += chunk))
const devEnded = new Promise((resolve) => dev.once('exit', resolve))

try {
  const url = await deployed()
  console.log(`$ cp ${RECORDINGS} recordings data/recordings/\n$ serverless spillway top --until-done`)
  const view = serverless(['spillway', 'top', '--until-done'], ['ignore', 'inherit', 'pipe'])
  const viewEnded = ended(view)
  await Promise.race([said(view.stderr, 'Watching'), viewEnded])
  await drop()
  await viewEnded
  await explainOne(url)
} catch (error) {
  console.error(`\nThe burst failed: ${error.message}\n${devOutput}`)
  process.exitCode = 1
} finally {
  dev.kill('SIGINT')
  await devEnded
}

/** Mixed run times, from half a second to four: the same ones every time. */
async function drop() {
  const bucket = join(service, 'data/recordings')
  const beside = join(service, 'data/.recordings')
  await mkdir(beside, { recursive: true })
  for (let number = 1; number <= RECORDINGS; number++) {
    const seconds = 0.5 + ((number * 7) % 15) / 4
    const samples = Array.from({ length: 20 * number }, (_, index) => (index * index) % 97).join(' ')
    await writeFile(join(beside, `${number}`), `seconds: ${seconds}\n${samples}\n`)
  }
  for (let number = 1; number <= RECORDINGS; number++, await delay(BURST_MS / RECORDINGS))
    await rename(join(beside, `${number}`), join(bucket, `recording-${String(number).padStart(2, '0')}.rec`))
}

/** The story of the last one that went over. */
async function explainOne(url) {
  const { invocations } = await get(url, `/v1/invocations?limit=${RECORDINGS}`)
  const records = await Promise.all(invocations.map(({ id }) => get(url, `/v1/invocations/${id}`)))
  const failed = records.filter(({ state }) => state !== 'succeeded')
  if (records.length < RECORDINGS || failed.length > 0)
    throw new Error(`${records.length} recordings were taken in, and ${failed.length} of them did not succeed`)
  const over = records.find(({ tries }) => tries.at(-1).backend === 'rehearsal')
  if (!over) throw new Error('no recording has gone over')
  console.log(`\n$ serverless spillway explain ${over.id}`)
  await ended(serverless(['spillway', 'explain', over.id], 'inherit'))
}

/** The URL of the dispatcher once the function is there. */
async function deployed() {
  for (const started = Date.now(); Date.now() - started < DEADLINE_MS; await delay(50)) {
    if (dev.exitCode !== null) throw new Error('`serverless spillway dev` has ended')
    const url = await readFile(join(service, '.spillway/dispatcher.json'), 'utf8').then(
      (text) => JSON.parse(text).url,
      () => undefined,
    )
    const { functions = [] } = url ? await get(url, '/v1/functions').catch(() => ({})) : {}
    if (functions.some(({ name }) => name === FUNCTION)) return url
  }
  throw new Error(`the function was not deployed within ${DEADLINE_MS / 1000} s`)
}

async function get(url, path) {
  const response = await fetch(url + path)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** Resolves when the stream has said it; what it says is passed on. */
async function said(stream, words) {
  stream.pipe(process.stderr)
  for (let heard = ''; !heard.includes(words);) heard += await new Promise((resolve) => stream.once('data', resolve))
}

async function ended(child) {
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0) throw new Error(`${child.spawnargs.slice(2).join(' ')} ended with exit code ${code}`)
}

/** The real CLI of the framework, as it lies in node_modules. */
function serverless(words, stdio) {
  const cli = fileURLToPath(import.meta.resolve('osls/bin/serverless.js'))
  return spawn(process.execPath, [cli, ...words], { cwd: service, stdio, env: { ...process.env, ...quiet } })
}
