/** An independent reader of /openapi.json calls every path with what the document allows and with what it does not. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { dispatchers, type DispatcherProcess } from '../support/dispatcher-process.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { workerHeaders } from '../support/worker-token.js'

const VERSION = '4.32.5'
const PLACE = join(process.env.SPILLWAY_CACHE ?? join(homedir(), '.cache', 'spillway'), `schemathesis-${VERSION}`)
const PROGRAM = join(PLACE, 'bin', 'schemathesis')
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
]
const EXAMPLES = 40
const SECONDS_MAX = 60

/** With the token of a worker that is wanted it waits for work, as it should. */
const NEXT = '--exclude-path=/2018-06-01/runtime/invocation/next'

describe('schemathesis', function () {
  this.timeout(600_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  before(async function () {
    if (existsSync(PROGRAM)) return
    mkdirSync(PLACE, { recursive: true })
    const made = await run('python3', ['-m', 'venv', PLACE])
    const installed =
      made.code === 0 ? await run(join(PLACE, 'bin', 'pip'), ['install', `schemathesis==${VERSION}`]) : made
    if (installed.code === 0) return
    console.log(`        skipped: schemathesis cannot be installed: ${installed.output.trim().split('\n').at(-1)}`)
    this.skip()
  })

  it('finds no fault of the server, and no answer that /openapi.json does not describe', async () => {
    const dispatcher = await start({ config: { logLevel: 'error' } })
    await check(dispatcher, workerHeaders(directory()), '')
  })

  it('finds none where the names and ids are those of real work either', async () => {
    const dispatcher = await start({ config: { logLevel: 'error' } })
    await dispatcher.put('s-dev-f', '#!/bin/sh\nrev\n', { input: 'here://in/', output: 'here://out/' })
    const { id, tries } = await dispatcher.invokeAndWait('s-dev-f', 'abc')
    const known = `
[parameters]
"path.name" = "s-dev-f"
"query.function" = "s-dev-f"
[[operations]]
include-path-regex = "^/v1/invocations/"
parameters = { "path.id" = "${id}" }
[[operations]]
include-path-regex = "^/(v1/attempts|2018)"
parameters = { "path.id" = "${id}.1" }
`
    await check(dispatcher, workerHeaders(directory(), { worker: tries[0]!.worker }), known, NEXT)
  })

  async function check(
    dispatcher: DispatcherProcess,
    headers: Record<string, string>,
    settings: string,
    ...more: string[]
  ) {
    const seed = Number(process.env.SPILLWAY_TEST_SEED ?? Date.now() % 1_000_000)
    const file = join(directory(), 'schemathesis.toml')
    writeFileSync(file, settings)
    const { code, output } = await run(PROGRAM, [
      `--config-file=${file}`,
      'run',
      `${dispatcher.url}/openapi.json`,
      `--checks=${CHECKS.join()}`,
      '--continue-on-failure',
      '--warnings=off',
      `--max-examples=${EXAMPLES}`,
      `--max-time=${SECONDS_MAX}`,
      `--seed=${seed}`,
      `--header=Authorization: ${headers.authorization}`,
      ...more,
    ])
    assert.equal(code, 0, `SPILLWAY_TEST_SEED=${seed}\n${output}\n${dispatcher.log}`)
    assert.doesNotMatch(dispatcher.log, /"stack"/)
  }

  /** Resolves to what it printed, on either stream. */
  async function run(program: string, args: string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: tmpdir() })
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    const failure = new Promise<never>((_resolve, reject) => child.once('error', reject))
    const all = Promise.all([text(child.stdout), text(child.stderr), ended])
    const [out, errors, code] = await Promise.race([all, failure])
    return { code, output: out + errors }
  }
})
