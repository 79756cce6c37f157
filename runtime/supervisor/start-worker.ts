/** The first thing that a worker does which was started with a start token: it fetches all that it is to be. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { formatSeconds } from '../contract/units.js'
import type { StartAnswer, StartFile } from '../contract/runtime-api.js'
import { Unreachable, type ApiClient } from './api-client.js'
import { ConfigError } from './config.js'
import { readGranted } from './transfer/granted.js'
import { backoffMs, wait } from './wait.js'

/** Seconds for which the dispatcher may be out of reach when a worker starts: it may just be starting again. */
const START_SECONDS_MAX = 60

/** Permission to write: what several attempts share, none of them changes by mistake. */
const WRITE = 0o222

/** Resolves once the function's files are in their place. */
export async function startWorker(api: ApiClient, signal: AbortSignal): Promise<StartAnswer> {
  const answer = await fetchStart(api, signal)
  const { worker, files } = answer
  const root = worker.filesDir
  await mkdir(root, { recursive: true })
  for (const file of files) await place(file, root, signal)
  return answer
}

/** A try whose answer got lost is told from somebody else's by its nonce. */
async function fetchStart(api: ApiClient, signal: AbortSignal): Promise<StartAnswer> {
  const nonce = randomBytes(24).toString('base64url')
  for (let tries = 0; ; tries++) {
    try {
      const answer = await api.start({ nonce })
      if (answer.kind === 'done') return answer.value
      throw new ConfigError(
        `the dispatcher refuses to start this worker: ${answer.kind === 'refused' ? answer.message : answer.kind}`,
      )
    } catch (error) {
      if (!(error instanceof Unreachable) || signal.aborted) throw error
      if (api.silenceMs > START_SECONDS_MAX * 1000)
        throw new ConfigError(`no dispatcher for ${formatSeconds(START_SECONDS_MAX)}: ${error.message}`)
      await wait(backoffMs(tries, { first: 50, most: 2000 }), signal)
    }
  }
}

async function place({ mode, grant }: StartFile, root: string, signal: AbortSignal): Promise<void> {
  const to = join(root, grant.name)
  if (normalize(grant.name).startsWith('..')) throw new ConfigError(`the file ${grant.name} lies outside the function`)
  await mkdir(dirname(to), { recursive: true })
  await readGranted({ grant, to, bytesMax: grant.size, signal })
  await chmod(to, (mode & ~WRITE) | 0o444)
}
