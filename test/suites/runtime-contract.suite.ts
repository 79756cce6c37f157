/** Section 3 of the contract, line by line, in terms of what a user sees; passed on every back-end. */
import assert from 'node:assert/strict'
import type { Cause } from '../../runtime/contract/outcome.js'

/** One function and one piece of work for it. */
export interface Job {
  /** Text of a script, or a command. */
  run: { script: string } | { command: string[] }
  environment?: Record<string, string>
  /** Extra files by their path below the directory of the function. */
  files?: Record<string, string>
  /** An object that was created, or the body of a request that wants its result; neither = a request without a body. */
  input?: { object: { key: string; content: string } } | { request: { body: string } }
  /** Globs of the results that are taken; default all. */
  match?: string[]
  /** seconds; default 30 */
  timeout?: number
}

/** What became of it. */
export interface JobEnd {
  invocation: string
  outcome: 'succeeded' | 'failed'
  cause?: Cause
  exitCode?: number
  /** Content of the published results by name. */
  outputs: Record<string, string>
  log: { stream: 'stdout' | 'stderr' | 'system'; text: string }[]
  /** Standard output as the answer to a request. */
  result?: string
}

export interface RuntimeUnderTest {
  /** Name of the function, as the script will see it. */
  functionName: string
  backend: string
  /** Runs a job to its end, in one attempt. */
  run: (job: Job) => Promise<JobEnd>
  stop: () => Promise<void>
}

export interface RuntimeDriver {
  name: string
  start: () => Promise<RuntimeUnderTest>
}

const OBJECT = { object: { key: 'in/2026/red flower+1 ü.jpg', content: 'bytes of a flower' } }

export function runtimeContractSuite({ name, start }: RuntimeDriver): void {
  describe(`runtime contract: ${name}`, () => {
    let runtime: RuntimeUnderTest
    before(async () => (runtime = await start()))
    after(async () => runtime?.stop())

    const run = (script: string, rest: Partial<Job> = {}) => runtime.run({ run: { script }, ...rest })
    const runWell = async (script: string, rest: Partial<Job> = {}) => {
      const end = await run(script, rest)
      assert.equal(end.outcome, 'succeeded', JSON.stringify(end.log))
      return end
    }
    const printed = (end: JobEnd, stream = 'stdout') =>
      end.log.filter((line) => line.stream === stream).map(({ text }) => text)
    /** Values of variables, in order, `(none)` for one that is not set. */
    const valuesOf = async (names: string[], job: Partial<Job>) => {
      const end = await runWell(names.map((one) => `printf '%s\\n' "\${${one}-(none)}"`).join('\n'), job)
      return { end, values: Object.fromEntries(names.map((one, index) => [one, printed(end)[index] ?? ''])) }
    }

    describe('variables', () => {
      it('INPUT_FILE_PATH is the staged input, named as the last segment of the key', async () => {
        const script =
          'cat "$INPUT_FILE_PATH"; echo; basename "$INPUT_FILE_PATH"; dirname "$INPUT_FILE_PATH"; echo "$TMP_INPUT_DIR"'
        const [content, base, directory, inputDirectory] = printed(await runWell(script, { input: OBJECT }))
        assert.deepEqual([content, base], ['bytes of a flower', 'red flower+1 ü.jpg'])
        assert.equal(directory, inputDirectory)
      })

      it('old names of OSCAR and SCAR have the values of the new ones', async () => {
        const pairs = [
          ['SCAR_INPUT_FILE', 'INPUT_FILE_PATH'],
          ['SCAR_INPUT_DIR', 'TMP_INPUT_DIR'],
          ['SCAR_OUTPUT_FOLDER', 'TMP_OUTPUT_DIR'],
          ['SCAR_OUTPUT_DIR', 'TMP_OUTPUT_DIR'],
          ['TMP_OUTPUT_FOLDER', 'TMP_OUTPUT_DIR'],
          ['AWS_LAMBDA_REQUEST_ID', 'REQUEST_ID'],
        ] as const
        const { values } = await valuesOf([...new Set(pairs.flat())], { input: OBJECT })
        for (const [old, current] of pairs) assert.equal(values[old], values[current], old)
        assert.ok(Object.values(values).every((value) => value !== '(none)' && value !== ''))
      })

      it('STORAGE_OBJECT_KEY is the key, EVENT_TIME an ISO time, REQUEST_ID the invocation', async () => {
        const { end, values } = await valuesOf(['STORAGE_OBJECT_KEY', 'EVENT_TIME', 'REQUEST_ID'], { input: OBJECT })
        assert.equal(values['STORAGE_OBJECT_KEY'], OBJECT.object.key)
        assert.match(values['EVENT_TIME']!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/)
        assert.equal(values['REQUEST_ID'], end.invocation)
      })

      it('EVENT is an S3 notification, and EVENT_FILE_PATH a file with the same', async () => {
        const end = await runWell('printf "%s\\n" "$EVENT"; cat "$EVENT_FILE_PATH"', { input: OBJECT })
        const [variable, file] = printed(end).map((text) => JSON.parse(text) as { Records: [{ s3: S3Element }] })
        assert.deepEqual(variable, file)
        const { bucket, object } = variable!.Records[0].s3
        assert.equal(decodeURIComponent(object.key.replaceAll('+', ' ')), OBJECT.object.key)
        assert.ok(bucket.name.length > 0)
      })

      it('SPILLWAY_* say where and what it is', async () => {
        const names = ['FUNCTION', 'RELEASE', 'BACKEND', 'ATTEMPT', 'DEADLINE_MS'].map((one) => `SPILLWAY_${one}`)
        const started = Date.now()
        const { values } = await valuesOf(names, { input: OBJECT, timeout: 20 })
        assert.equal(values['SPILLWAY_FUNCTION'], runtime.functionName)
        assert.equal(values['SPILLWAY_BACKEND'], runtime.backend)
        assert.match(values['SPILLWAY_RELEASE']!, /^[1-9]\d*$/)
        assert.equal(values['SPILLWAY_ATTEMPT'], '1')
        const deadline = Number(values['SPILLWAY_DEADLINE_MS'])
        assert.ok(deadline > started && deadline < started + 60_000, String(deadline))
      })

      it('SPILLWAY_FILES_DIR has the extra files', async () => {
        const end = await runWell('cat "$SPILLWAY_FILES_DIR/models/labels.txt"', {
          files: { 'models/labels.txt': 'daisy' },
        })
        assert.deepEqual(printed(end), ['daisy'])
      })

      it("the function's environment is there, and nothing of the platform's own", async () => {
        const end = await runWell('env', {
          environment: { COLOUR: 'green and blue', NODE_ENV: 'production' },
          input: OBJECT,
        })
        const lines = printed(end)
        assert.ok(lines.includes('COLOUR=green and blue') && lines.includes('NODE_ENV=production'))
        const names = lines.map((line) => line.split('=', 1)[0]!)
        const leaks = names.filter((one) =>
          /TOKEN|SECRET|RUNTIME_API|WORKER_FILE|SPILLWAY_SCRATCH|^NODE_(?!ENV$)/.test(one),
        )
        assert.deepEqual(leaks, [])
      })
    })

    describe('standard streams', () => {
      it('gives the body of a request as standard input and as the input file, and answers with standard output', async () => {
        const script = 'cat; printf " and "; cat "$INPUT_FILE_PATH"; printf %s "${STORAGE_OBJECT_KEY-}"'
        const end = await runWell(script, { input: { request: { body: 'plain words' } } })
        assert.equal(end.result, 'plain words and plain words')
      })

      it('gives a JSON body as EVENT', async () => {
        const end = await runWell('printf %s "$EVENT"', { input: { request: { body: '{"colour": "red"}' } } })
        assert.deepEqual(JSON.parse(end.result!), { colour: 'red' })
      })

      it('gives nothing on standard input for an object', async () => {
        assert.deepEqual(printed(await runWell('wc -c', { input: OBJECT })).map(Number), [0])
      })

      it('keeps what is printed on both streams', async () => {
        const end = await runWell('echo one; echo two; echo three >&2')
        assert.deepEqual([printed(end), printed(end, 'stderr')], [['one', 'two'], ['three']])
      })
    })

    describe('running', () => {
      it('honours the shebang of a script', async () => {
        assert.deepEqual(printed(await runWell('#!/bin/cat\nthese very words\n')).slice(1), ['these very words'])
      })

      it('runs a command', async () => {
        const end = await runtime.run({ run: { command: ['sh', '-c', 'echo "$1"', 'sh', 'a  b'] } })
        assert.deepEqual([end.outcome, printed(end)], ['succeeded', ['a  b']])
      })

      it('starts in a directory that it may write to', async () => {
        await runWell('echo x > file && cat file && echo y > "$TMPDIR/file"')
      })

      it('takes any other exit code than 0 as failure and publishes nothing', async () => {
        const end = await run('echo half > "$TMP_OUTPUT_DIR/result"; exit 41', { input: OBJECT })
        assert.deepEqual([end.outcome, end.cause, end.exitCode, end.outputs], ['failed', 'script-exit', 41, {}])
      })

      it('stops the whole process group at the timeout and publishes nothing', async () => {
        const script = `echo half > "$TMP_OUTPUT_DIR/result"
sh -c 'trap "" TERM; while :; do sleep 0.1; done' &
while :; do sleep 0.1; done`
        const started = Date.now()
        const end = await run(script, { input: OBJECT, timeout: 1 })
        assert.deepEqual([end.outcome, end.cause, end.outputs], ['failed', 'timeout', {}])
        assert.ok(Date.now() - started < 15_000)
      })

      it('does not wait for what a script leaves in the background', async () => {
        const started = Date.now()
        await runWell('sleep 60 & setsid sleep 60 & echo done')
        assert.ok(Date.now() - started < 15_000)
      })
    })

    describe('results', () => {
      it('publishes what is left under TMP_OUTPUT_DIR, sub-directories kept', async () => {
        const script = `mkdir -p "$TMP_OUTPUT_DIR/a/b c"; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/a/b c/copy ü"
printf 1 > "$TMP_OUTPUT_DIR/one"; : > "$TMP_OUTPUT_DIR/empty"`
        const { outputs } = await runWell(script, { input: OBJECT })
        assert.deepEqual(outputs, { 'a/b c/copy ü': 'bytes of a flower', one: '1', empty: '' })
      })

      it('publishes only what an output matches', async () => {
        const script = 'cd "$TMP_OUTPUT_DIR"; mkdir d; printf 1 > a.json; printf 2 > d/b.json; printf 3 > c.tmp'
        const { outputs } = await runWell(script, { match: ['*.json'], input: OBJECT })
        assert.deepEqual(outputs, { 'a.json': '1', 'd/b.json': '2' })
      })

      it('refuses a link that leads out of the workspace', async () => {
        const end = await run('printf 1 > "$TMP_OUTPUT_DIR/one"; ln -s /etc/passwd "$TMP_OUTPUT_DIR/two"', {
          input: OBJECT,
        })
        assert.deepEqual([end.outcome, end.cause, end.outputs], ['failed', 'output-refused', {}])
      })

      it('shows nothing of one run to the next', async () => {
        const script =
          'ls -A "$TMP_OUTPUT_DIR" . "$TMPDIR" | grep -c left; touch "$TMP_OUTPUT_DIR/left" left "$TMPDIR/left"'
        await runWell(script, { input: OBJECT })
        assert.deepEqual(printed(await runWell(script, { input: OBJECT })), ['0'])
      })
    })
  })
}

interface S3Element {
  bucket: { name: string }
  object: { key: string }
}
