/** What a file of 2 GB takes in memory that a supervisor gets and sends over HTTP. */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AttemptDocument } from '../../runtime/contract/runtime-api.js'
import { eventually } from '../support/eventually.js'
import { FakeRuntimeApi } from '../support/fake-runtime-api.js'
import { SupervisorProcess } from '../support/supervisor-process.js'
import { withDirectory } from './with-dispatcher.js'

const LARGE_BYTES = 2 * 1024 ** 3
const SMALL_BYTES = 5 * 1024
const RETURN_IT = '#!/bin/sh\nmv "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
const TIMEOUT_MS = 120_000

/** Mebibytes above those after a first small file. */
export async function memoryOverHttp(): Promise<number> {
  return withDirectory(async (directory) => {
    const script = join(directory, 'script')
    writeFileSync(script, RETURN_IT, { mode: 0o755 })
    const api = await FakeRuntimeApi.start()
    api.grants = (_, name) => [{ method: 'PUT', url: urlOf(api, name), expiresAt: FakeRuntimeApi.later }]
    const worker = { run: { kind: 'script', path: script } } as const
    const supervisor = SupervisorProcess.start({ api: api.address, directory, worker })
    try {
      await thereAndBack(api, SMALL_BYTES)
      const before = supervisor.peakMegabytes()!
      await thereAndBack(api, LARGE_BYTES)
      return supervisor.peakMegabytes()! - before
    } finally {
      await supervisor.stop()
      await api.stop()
    }
  })
}

const urlOf = (api: FakeRuntimeApi, name: string) => `http://${api.address}/store/${name}`

async function thereAndBack(api: FakeRuntimeApi, bytes: number): Promise<void> {
  const invocation = randomUUID()
  const attempt = `${invocation}.1`
  const name = `zeros-${bytes}`
  const document: AttemptDocument = {
    invocation,
    attempt: 1,
    event: {},
    eventTime: new Date(0).toISOString(),
    objectKey: name,
    input: [{ method: 'GET', name, url: urlOf(api, name), size: bytes, expiresAt: FakeRuntimeApi.later }],
    limits: { deadlineMs: FakeRuntimeApi.later, ephemeralStorageSize: 8192 },
    wantsResult: false,
  }
  api.hand(attempt, document)
  const outcome = await eventually(() => api.outcomes.get(attempt), { timeoutMs: TIMEOUT_MS, what: 'the outcome' })
  if (outcome.outcome !== 'succeeded') throw new Error(outcome.message)
}
