/** Work that comes in while dispatchers and workers are hit, what must be true of the books after it, and that nothing is left. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { audit, type Books } from './books.js'
import type { DispatcherProcess } from './dispatcher-process.js'
import { eventually } from './eventually.js'
import { Feeder } from './feeder.js'
import { randomNumbers } from './random-numbers.js'
import { ResultWatch } from './result-watch.js'
import { processesOf } from './worker-pids.js'

export const LEASE_SECONDS = 2

/** Of the function `s-dev-work`. It leaves two results that name the input, the invocation and the attempt; some run long enough to be hit. */
export const WORK = {
  script: `#!/bin/sh
input=$(cat "$INPUT_FILE_PATH")
echo "log of $input"
case $input in
  *-bad) exit 3 ;;
  *7) sleep 0.4 ;;
esac
for part in a b; do echo "$input $REQUEST_ID $SPILLWAY_ATTEMPT" > "$TMP_OUTPUT_DIR/$input.$SPILLWAY_ATTEMPT.$part"; done
`,
  spec: { input: 'here://in/', output: 'here://out/', retries: { attempts: 2, minDelay: 0 } },
}

/** Of a dispatcher under blows: it and its workers notice soon what has happened to the other. */
export const QUICK_TO_NOTICE = { lease: LEASE_SECONDS, heartbeat: 0.5, drain: 0, backends: { local: { slots: 2 } } }

/** Milliseconds between two blows, at most. */
const QUIET_MS = 700

/** Milliseconds in which work goes on when nothing is hit any more: a lease, a start, the pause before a retry. */
const STUCK_MS = 30_000

/** Milliseconds in which a worker that finds no dispatcher gives up: a lease, its longest pause, and a margin. */
const LAST_WORKER_MS = LEASE_SECONDS * 1000 + 10_000

export interface Struck {
  url: string
  /** Below the folder of the storage `here`. */
  path(...parts: string[]): string
  /** One blow, and back on its feet. True: a dispatcher or a worker was killed by it. */
  strike(): Promise<boolean>
  /** Resolves when all of it takes work again after the last blow. */
  well?(): Promise<void>
  /** One that can be asked. */
  any: DispatcherProcess
}

export interface Blows {
  /** Those that kill; others come on top. */
  kills: number
  seed: number
  random: () => number
  /** Once aborted, nothing is hit any more: the test has ended without it. */
  signal: AbortSignal
}

/** Feeds it while the blows fall, waits for the end of all work, and checks the books; throws where they do not agree. */
export async function checkBooksUnderBlows(
  struck: Struck,
  { kills, seed, random, signal }: Blows,
): Promise<Books['invocations']> {
  const feeder = new Feeder({
    data: struck.path(),
    url: struck.url,
    random: randomNumbers(seed + 1),
    pauseMs: 150,
    signal,
  })
  const results = new ResultWatch(struck.path('out'))
  try {
    feeder.start()
    for (let left = kills; left > 0;) {
      await delay(random() * QUIET_MS, undefined, { signal })
      if (await struck.strike()) left--
    }
    await feeder.stop()
    await struck.well?.()
    const records = await ended(struck, feeder.acknowledged.size)
    const invocations = records.map((record) => ({ input: inputOf(record, feeder.inputs), record }))
    assert.deepEqual(audit({ ...feeder, invocations, results: results.results() }), [])
    assert.ok(
      records.some(({ tries }) => tries.length > 1 && tries[0]!.cause === 'worker-lost'),
      'nothing was hit',
    )
    return invocations
  } finally {
    results.close()
  }
}

/** Dispatchers that were told to stop are gone, and so are their workers; those that earlier ones left find nobody, and go. */
export async function nothingRuns(directory: string): Promise<void> {
  const none = () => {
    const pids = processesOf(directory)
    if (pids.length > 0) throw new Error(pids.map(commandLine).join('\n'))
    return true
  }
  await eventually(none, { timeoutMs: LAST_WORKER_MS, everyMs: 100, what: 'the end of every process' })
}

/** All records, once so many invocations have ended; gives up when none ends any more. */
async function ended(struck: Struck, count: number): Promise<InvocationRecord[]> {
  let open = await notEnded(struck, count)
  while (open.length > 0) {
    const before = open
    const progress = async () => {
      const left = await notEnded(struck, count)
      return left.length < before.length && { left }
    }
    const what = `the end of one more of ${before.length} invocations, the oldest ${before.at(-1)}`
    open = (await eventually(progress, { timeoutMs: STUCK_MS, everyMs: 200, what })).left
  }
  return Promise.all((await listed(struck)).map(({ id }) => struck.any.invocation(id)))
}

/** What has not ended, newest first, or not even come. */
async function notEnded(struck: Struck, count: number): Promise<string[]> {
  const all = await listed(struck)
  const open = all.filter(({ state }) => state !== 'succeeded' && state !== 'failed')
  const missing = Array.from({ length: Math.max(0, count - all.length) }, () => 'that is not on record')
  return [...open.map(({ id, state }) => `${id} (${state})`), ...missing]
}

async function listed({ any }: Struck): Promise<{ id: string; state: string }[]> {
  const all = []
  for (let cursor = ''; ;) {
    const page = await any.invocations(`?limit=500${cursor}`)
    assert.ok(page.invocations, JSON.stringify(page))
    all.push(...page.invocations)
    if (page.cursor === undefined) return all
    cursor = `&cursor=${page.cursor}`
  }
}

function inputOf({ id, input }: InvocationRecord, requests: ReadonlyMap<string, string>): string {
  return input.kind === 'object' ? input.event.key : (requests.get(id) ?? `unknown ${id}`)
}

function commandLine(pid: number): string {
  return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')}`
}
