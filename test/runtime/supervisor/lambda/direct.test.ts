/** A function on Lambda without a dispatcher: S3 in, S3 out. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LambdaAnswer, LambdaRequest } from '../../../../runtime/contract/lambda-function.js'
import { eventually } from '../../../support/eventually.js'
import { isRunning } from '../../../support/is-running.js'
import type { Engine } from '../../../support/lambda/engine.js'
import { ProcessEngine } from '../../../support/lambda/process-engine.js'
import { s3Event } from '../../../support/lambda/s3-event.js'
import { SmallLambda, type Install, type Invoked } from '../../../support/lambda/small-lambda.js'
import { fault } from '../../../support/s3/answers.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"; wc -c < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/size"'

describe('supervisor on Lambda, without a dispatcher', () => {
  const directory = temporaryDirectory()
  let lambda: SmallLambda

  beforeEach(async () => (lambda = await SmallLambda.start(directory())))
  afterEach(() => lambda.stop())

  const object = (key: string, content: string) => {
    lambda.s3.put(`plants/${key}`, content)
    return { key, size: Buffer.byteLength(content) }
  }
  const published = () => lambda.s3.below('plants/out/')
  const invokeScript = async (script: string, more: Install = {}, event: unknown = {}) => {
    await lambda.install({ script, ...more })
    return lambda.invoke(event)
  }
  const printed = (invoked: Invoked) => {
    const result = runsOf(invoked)[0]?.result
    return Buffer.from(result?.body ?? '', result?.encoding).toString()
  }

  describe('objects', () => {
    it('are fetched from S3, and the results go there', async () => {
      const event = s3Event('plants', object('in/red flower+1 ü.jpg', 'bytes of a flower'))
      const invoked = await invokeScript(COPY, {}, event)
      const place = { storage: 'lake', bucket: 'plants' }
      assert.deepEqual(runsOf(invoked)[0]?.outputs, [
        { ...place, key: 'out/red flower+1 ü.jpg', size: 17 },
        { ...place, key: 'out/size', size: 3 },
      ])
      assert.equal(lambda.s3.text('plants/out/red flower+1 ü.jpg'), 'bytes of a flower')
    })

    it('of one event are worked on one after the other, also after one that failed', async () => {
      const objects = ['a', 'bad', 'c'].map((name) => object(`in/${name}`, name))
      const script = 'grep -q bad "$INPUT_FILE_PATH" && exit 7; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"'
      const invoked = await invokeScript(script, {}, s3Event('plants', ...objects))
      assert.deepEqual(errorOf(invoked), {
        errorType: 'Spillway.script-exit',
        errorMessage: '1 of 3 objects failed; in/bad: the script ended with exit code 7; its log says more',
      })
      assert.deepEqual(published(), ['a', 'c'])
    })

    it('that no input takes are passed over, as is the event of a test', async () => {
      const invoked = await invokeScript('touch "$TMP_OUTPUT_DIR/x"', {}, s3Event('plants', object('other/a', 'a')))
      assert.deepEqual(runsOf(invoked), [])
      assert.match(invoked.log, /passed over: no input of the function takes plants\/other\/a/)
      assert.deepEqual(runsOf(await lambda.invoke({ Event: 's3:TestEvent', Bucket: 'plants' })), [])
      assert.deepEqual(published(), [])
    })

    it('come by EventBridge too', async () => {
      const { key, size } = object('in/a', 'abc')
      const detail = { bucket: { name: 'plants' }, object: { key, size, etag: '0' } }
      const event = { source: 'aws.s3', 'detail-type': 'Object Created', time: '2026-08-01T12:00:00Z', detail }
      await invokeScript(COPY, {}, event)
      assert.equal(lambda.s3.text('plants/out/a'), 'abc')
    })

    it('that are gone, not readable or too large are said to be, before anything runs', async () => {
      await lambda.install({ script: COPY })
      const gone = await lambda.invoke(s3Event('plants', { key: 'in/gone', size: 3 }))
      assert.equal(errorOf(gone).errorType, 'Spillway.input-missing')
      const large = await lambda.invoke(s3Event('plants', { key: 'in/large', size: 1e15 }))
      assert.equal(errorOf(large).errorType, 'Spillway.input-too-large')
      assert.match(errorOf(large).errorMessage, /1 PB; the scratch space has 512 MB/)
      assert.equal(lambda.s3.requests.length, 1, 'nothing was asked for that could not fit')
    })
  })

  describe('a start that takes longer than Lambda lets it', () => {
    let other: SmallLambda | undefined
    afterEach(async () => other?.stop())

    /** Supervisors start in time but for the first so many. */
    const withSlowStarts = async (count: number, timeout: number) => {
      const [slow, quick] = [
        new ProcessEngine(directory(), ['-e', 'setTimeout(() => {}, 60_000)']),
        new ProcessEngine(directory()),
      ]
      let starts = 0
      const engine: Engine = {
        host: quick.host,
        start: (sandbox) => (++starts > count ? quick : slow).start(sandbox),
        close: () => quick.close(),
      }
      other = await SmallLambda.start(directory(), { engine, initLimitMs: 200 })
      await other.install({ script: 'echo worked', function: { timeout } })
      return { invoked: await other.invoke({}), starts: () => starts }
    }

    it('is made again within the invocation, and the event is not lost', async () => {
      const { invoked, starts } = await withSlowStarts(1, 20)
      assert.equal(printed(invoked), 'worked\n')
      assert.equal(starts(), 2)
      assert.match(invoked.log, /Phase: init\tStatus: timeout/)
    })

    it('is a time-out when that takes the time of the invocation', async () => {
      const { invoked } = await withSlowStarts(2, 1)
      assert.match(JSON.stringify(invoked.payload), /Task timed out after 1.00 seconds/)
    })
  })

  describe('requests', () => {
    it('have the event as their body, and standard output as their answer', async () => {
      const invoked = await invokeScript('cat; printf " %s" "$EVENT"', {}, { colour: 'red' })
      assert.equal(printed(invoked), '{"colour":"red"} {"colour":"red"}')
    })

    it('may bring bytes, and answer with bytes', async () => {
      const bytes = Buffer.from([0xff, 0xfe, 0, 1])
      const request: LambdaRequest = { spillway: 'request', contentType: 'image/x', body: bytes.toString('base64') }
      const [run] = runsOf(await invokeScript('cat', {}, request))
      assert.deepEqual(run?.result, { encoding: 'base64', body: bytes.toString('base64') })
    })

    it('may have a file in the staging bucket', async () => {
      lambda.s3.put('plants-staging/spillway/plants-dev-classify/requests/1/scan.tif', 'a large file')
      const staged = { key: 'requests/1/scan.tif', size: 12, name: 'scan.tif' }
      const request: LambdaRequest = { spillway: 'request', contentType: 'image/tiff', staged }
      assert.equal(
        printed(await invokeScript('basename "$INPUT_FILE_PATH"; cat', {}, request)),
        'scan.tif\na large file',
      )
    })

    it('are answered within what Lambda takes, and cut where they would not be', async () => {
      const invoked = await invokeScript(`head -c 5000000 /dev/zero | tr '\\0' '\\001'`)
      const [run] = runsOf(invoked)
      assert.equal(run?.result?.truncated, true)
      assert.ok((run?.result?.body.length ?? 0) > 900_000)
    })
  })

  describe('failures', () => {
    it('are errors of the function, with their cause, and publish nothing', async () => {
      const invoked = await invokeScript('echo half > "$TMP_OUTPUT_DIR/a"; exit 3')
      assert.deepEqual(errorOf(invoked), {
        errorType: 'Spillway.script-exit',
        errorMessage: 'the script ended with exit code 3; its log says more',
      })
      assert.deepEqual(published(), [])
    })

    it('to send one result keep all from being published', async () => {
      lambda.s3.rule = ({ key, query }) =>
        key === 'out/b' && query.has('partNumber') ? fault(403, 'AccessDenied') : undefined
      const invoked = await invokeScript('cd "$TMP_OUTPUT_DIR" && echo 1 > a && echo 2 > b && echo 3 > c')
      assert.equal(errorOf(invoked).errorType, 'Spillway.output-refused')
      assert.match(
        errorOf(invoked).errorMessage,
        /the result out\/b could not be written: S3 answered 403 AccessDenied/,
      )
      assert.deepEqual([published(), lambda.s3.uploads.size], [[], 0])
    })

    it('come with the time, early enough to be told', async () => {
      const limits = { timeout: 3, memorySize: 1024, ephemeralStorageSize: 512 }
      const started = performance.now()
      const script = `grep -q slow "$INPUT_FILE_PATH" || exit 0; echo half > "$TMP_OUTPUT_DIR/a"
(trap '' TERM; while :; do sleep 0.1; done) & trap '' TERM; while :; do sleep 0.1; done`
      const invoked = await invokeScript(script, { file: { limits } }, { slow: true })
      assert.equal(errorOf(invoked).errorType, 'Spillway.timeout')
      assert.ok(performance.now() - started < 4000)
      assert.deepEqual(published(), [])
      assert.equal((await lambda.invoke({})).functionError, undefined, 'the sandbox lives')
      assert.equal(lambda.endpoint.executions[1]?.initMs, undefined)
    })

    it('come with the time also when results cannot be sent within it', async () => {
      const limits = { timeout: 3, memorySize: 1024, ephemeralStorageSize: 512 }
      lambda.s3.rule = ({ method }) => (method === 'GET' ? undefined : new Promise(() => undefined))
      const invoked = await invokeScript('echo 1 > "$TMP_OUTPUT_DIR/a"', { file: { limits } })
      assert.equal(errorOf(invoked).errorType, 'Spillway.timeout')
    })

    it('of asynchronous events are tried again by Lambda, with the same results in the end', async () => {
      const mark = join(directory(), 'tried')
      await lambda.install({
        script: `echo x >> ${mark}; test "$(wc -l < ${mark})" = 3 && echo 1 > "$TMP_OUTPUT_DIR/a"`,
      })
      assert.equal(await lambda.invokeAsync({}), 202)
      await eventually(() => lambda.endpoint.executions.length === 3)
      assert.deepEqual(
        lambda.endpoint.executions.map(({ functionError }) => functionError),
        ['Unhandled', 'Unhandled', undefined],
      )
      assert.deepEqual(published(), ['a'])
    })

    it('of the function’s file are errors of the start', async () => {
      const environment = { SPILLWAY_FUNCTION_FILE: join(directory(), 'nowhere') }
      const invoked = await invokeScript('true', { function: { environment } })
      assert.equal(invoked.functionError, 'Unhandled')
      assert.equal(errorOf(invoked).errorType, 'Spillway.Config')
      assert.match(errorOf(invoked).errorMessage, /the function's file .*nowhere cannot be read/)
    })

    it('to be published elsewhere than in S3 are for a dispatcher', async () => {
      const output = [{ storage: 'minio', bucket: 'b', prefix: '', match: ['**'] }]
      const invoked = await invokeScript('touch "$TMP_OUTPUT_DIR/a"', { file: { output } })
      assert.equal(errorOf(invoked).errorType, 'Spillway.output-refused')
      assert.match(errorOf(invoked).errorMessage, /storage minio, which only a dispatcher reaches/)
    })
  })

  describe('a warm sandbox', () => {
    it('has no files and no processes of the event before, and the same variables', async () => {
      const workingDirectory = join(mkdtempSync('/tmp/spillway-wd-'), 'work')
      const script = `setsid sleep 300 & echo $! > pid; ls -A "$TMP_OUTPUT_DIR" "$TMP_INPUT_DIR" "$TMPDIR" . | grep -c left
touch left "$TMP_OUTPUT_DIR/left" "$TMPDIR/left"; cat pid; env | sort | grep -v -e ID= -e MS= -e TIME= -e PATH -e DIR= -e FOLDER= -e FILE=`
      try {
        await lambda.install({ script, file: { workingDirectory } })
        const first = printed(await lambda.invoke({})).split('\n')
        const second = printed(await lambda.invoke({})).split('\n')
        assert.deepEqual([first[0], second[0]], ['0', '0'])
        assert.equal(isRunning(Number(first[1])), false)
        assert.deepEqual(second.slice(2), first.slice(2))
        assert.equal(existsSync(workingDirectory), false)
        assert.equal(lambda.endpoint.executions[1]?.initMs, undefined, 'it was the same sandbox')
        const scratch = readdirSync(join(directory(), 'sandbox-1'))
        assert.deepEqual(scratch, ['prepared'])
      } finally {
        rmSync(join(workingDirectory, '..'), { recursive: true })
      }
    })
  })

  describe('the environment', () => {
    it('is the image’s and the function’s, with its secrets, and nothing of Lambda’s or the role’s', async () => {
      lambda.s3.rule = ({ headers, body }) => {
        if (headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') return undefined
        const { SecretId: name } = JSON.parse(body.toString()) as { SecretId: string }
        return { status: 200, body: JSON.stringify({ SecretString: name === 'map' ? '{"user":"me"}' : 'plain text' }) }
      }
      const invoked = await invokeScript('env', {
        function: { environment: { COLOUR: 'green', NODE_OPTIONS: '' } },
        file: {
          variables: ['COLOUR'],
          imageEnvironment: {
            PATH: process.env.PATH ?? '',
            NODE_OPTIONS: '--no-warnings',
            LD_LIBRARY_PATH: '/opt/lib',
          },
          secrets: [
            { env: 'ONE', from: 'whole' },
            { env: 'TWO', from: 'map/user' },
          ],
        },
      })
      const variables = new Map(
        printed(invoked)
          .split('\n')
          .map((line) => line.split('=', 2) as [string, string]),
      )
      for (const [name, value] of [
        ['COLOUR', 'green'],
        ['NODE_OPTIONS', '--no-warnings'],
        ['LD_LIBRARY_PATH', '/opt/lib'],
        ['ONE', 'plain text'],
        ['TWO', 'me'],
        ['SPILLWAY_BACKEND', 'lambda'],
      ] as const)
        assert.equal(variables.get(name), value, name)
      const foreign = [...variables.keys()].filter((name) =>
        /^AWS_(?!LAMBDA_REQUEST_ID)|TOKEN|ENDPOINT|FUNCTION_FILE/.test(name),
      )
      assert.deepEqual(foreign, [])
    })

    it('needs its secrets: a function that may not read one does not start', async () => {
      lambda.s3.rule = ({ headers }) =>
        headers['x-amz-target'] ? { status: 400, body: '{"__type":"AccessDeniedException"}' } : undefined
      const invoked = await invokeScript('true', { file: { secrets: [{ env: 'ONE', from: 'secret' }] } })
      assert.match(errorOf(invoked).errorMessage, /the secret secret cannot be read: .*AccessDeniedException/)
    })
  })
})

function runsOf({ payload, functionError, log }: Invoked): LambdaAnswer['runs'] {
  assert.equal(functionError, undefined, JSON.stringify(payload) + log)
  return (payload as LambdaAnswer).runs
}

const errorOf = ({ payload }: Invoked): { errorType: string; errorMessage: string } => {
  const { errorType, errorMessage } = payload as { errorType: string; errorMessage: string }
  return { errorType, errorMessage }
}
