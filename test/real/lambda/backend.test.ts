/** The Lambda back-end with derived images in real sandboxes, and MinIO in the place of S3. */
import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import type { AttemptCall, CallInput } from '../../../dispatcher/backends/call-backend.js'
import { LambdaBackend } from '../../../dispatcher/backends/lambda/lambda.js'
import { connect } from '../../../dispatcher/backends/lambda/run/connect.js'
import { openStaging } from '../../../dispatcher/backends/lambda/run/staging-bucket.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { eventually } from '../../support/eventually.js'
import { RecordingHost } from '../../support/lambda/recording-host.js'
import { STAGING_BUCKET } from '../../support/lambda/small-lambda.js'
import { skipWhere } from '../../support/skip-where.js'
import { KEYS, MinioServer, whyNoMinio } from '../programs/minio.js'
import { DerivedFunctions, whyNoDerivedFunctions } from './derived-functions.js'
import { RealLambda } from './real-lambda.js'

const FUNCTION = 'backend-dev-work'
const MEBIBYTE = 1024 ** 2

describe('back-end: lambda, with real sandboxes and MinIO', function () {
  this.timeout(180_000)
  let functions: DerivedFunctions
  let lambda: RealLambda
  let minio: MinioServer
  let host: RecordingHost
  let backend: LambdaBackend

  skipWhere(() => whyNoDerivedFunctions() ?? whyNoMinio())
  before(async () => {
    functions = await DerivedFunctions.start()
    functions.push('busybox', { fill: busyboxRoot })
    const started = await RealLambda.start(async (address) => {
      minio = await MinioServer.start({ host: address })
      return { url: minio.endpoint, keys: { accessKeyId: KEYS.accessKey, secretAccessKey: KEYS.secretKey } }
    })
    lambda = started.lambda
    const client = minio.client()
    for (const bucket of [STAGING_BUCKET, 'plants']) await client.makeBucket(bucket)
    host = new RecordingHost()
    const config = { stagingBucket: STAGING_BUCKET, heartbeatSeconds: 1, now: Date.now }
    backend = new LambdaBackend(config, () => connect(place()), host)
  })
  after(async () => {
    await backend?.close()
    await lambda?.stop()
    await minio?.stop()
    await functions?.stop()
  })

  const place = () => ({
    region: 'us-east-1',
    stagingBucket: STAGING_BUCKET,
    endpoints: { lambda: lambda.endpoint.url, s3: minio.endpoint },
    credentials: { accessKeyId: KEYS.accessKey, secretAccessKey: KEYS.secretKey },
  })
  const staged = async () => {
    const keys: string[] = []
    for await (const { name } of minio.client().listObjectsV2(STAGING_BUCKET, 'spillway/', true))
      keys.push(String(name))
    return keys
  }
  const run = async (script: string, input: CallInput, more: Record<string, unknown> = {}) => {
    const spec = { script: 'work.sh', timeout: 30, ...more }
    await lambda.install(
      await functions.derive({ base: 'busybox', name: FUNCTION, spec, files: { 'work.sh': script } }),
    )
    const call = attempt(input, spec)
    backend.start(call)
    return { call, end: await host.end(call.id, 60_000) }
  }

  it('takes a large input to the function and its results back, byte for byte', async () => {
    const bytes = randomBytes(30 * MEBIBYTE)
    const script =
      'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/copy"; for n in 0 1 2; do dd if="$INPUT_FILE_PATH" of="$TMP_OUTPUT_DIR/part$n" bs=10485760 skip=$n count=1 2> /dev/null; done'
    const { call, end } = await run(script, content(bytes), { output: 'lake://out/' })
    assert.equal(end.outcome.outcome, 'succeeded', JSON.stringify(end.outcome))
    const results = new Map<string, Buffer>()
    for await (const result of backend.results(call.id)) results.set(result.name, await buffer(await result.open()))
    assert.deepEqual([...results.keys()].sort(), ['copy', 'part0', 'part1', 'part2'])
    assert.ok(results.get('copy')?.equals(bytes))
    assert.ok(results.get('part1')?.equals(bytes.subarray(10 * MEBIBYTE, 20 * MEBIBYTE)))
    assert.ok((end.billedMs ?? 0) > 0)
    await backend.forget(call.id)
    assert.deepEqual(await staged(), [])
  })

  it('lets the function read an object of S3 itself', async () => {
    await minio.client().putObject('plants', 'in/a b.txt', 'petals')
    const { end } = await run('cat "$INPUT_FILE_PATH"', {
      kind: 's3',
      bucket: 'plants',
      key: 'in/a b.txt',
      size: 6,
      name: 'a b.txt',
    })
    assert.equal(end.outcome.result?.body, 'petals')
  })

  it('tells memory from time from the script', async () => {
    const cases: [string, Record<string, unknown>, string][] = [
      ['x=$(head -c 400000000 /dev/zero | tr "\\0" x); echo ${#x}', { memorySize: 128 }, 'out-of-memory'],
      ['sleep 60', { timeout: 2 }, 'timeout'],
      ['exit 4', {}, 'script-exit'],
    ]
    for (const [script, spec, cause] of cases) {
      const { end } = await run(script, content(Buffer.alloc(0)), spec)
      assert.equal(end.outcome.outcome === 'failed' && end.outcome.cause, cause, JSON.stringify(end.outcome))
    }
  })

  it('finds the outcome when the connection was lost, and stops what is cancelled', async () => {
    const script = 'sleep 3; echo done'
    await lambda.install(
      await functions.derive({
        base: 'busybox',
        name: FUNCTION,
        spec: { script: 'work.sh' },
        files: { 'work.sh': script },
      }),
    )
    const call = attempt(content(Buffer.alloc(0)))
    backend.start(call)
    await eventually(async () =>
      (await staged()).some((key) => key.includes(call.id.split('.')[0]!) && key.endsWith('started.json')),
    )
    lambda.endpoint.cutConnections()
    assert.equal((await host.end(call.id, 30_000)).outcome.result?.body, 'done\n')
    const other = attempt(content(Buffer.alloc(0)))
    backend.start(other)
    await eventually(async () =>
      (await staged()).some((key) => key.includes(other.id.split('.')[0]!) && key.endsWith('started.json')),
    )
    backend.cancel(other.id)
    const { outcome } = await host.end(other.id, 30_000)
    assert.equal(outcome.outcome === 'failed' && outcome.cause, 'cancelled')
  })

  it('puts what is too large for one upload into the staging bucket in parts', async () => {
    const bucket = await openStaging(place(), { whole: 8 * MEBIBYTE, part: 5 * MEBIBYTE })
    const bytes = randomBytes(12 * MEBIBYTE + 7)
    const chunks = Array.from({ length: Math.ceil(bytes.length / 60_000) }, (_, n) =>
      bytes.subarray(n * 60_000, (n + 1) * 60_000),
    )
    await bucket.putStream('in parts', Readable.from(chunks), bytes.length)
    const got = await buffer(await bucket.open('in parts'))
    assert.equal(createHash('sha256').update(got).digest('hex'), createHash('sha256').update(bytes).digest('hex'))
    await assert.rejects(bucket.putStream('too short', Readable.from([bytes]), bytes.length + 1), /shorter than/)
    assert.equal(await bucket.get('too short'), undefined)
    await bucket.put('small', Buffer.from('x'))
    assert.equal(await text(await bucket.open('small')), 'x')
    bucket.close()
  })
})

const content = (bytes: Buffer): CallInput => ({
  kind: 'content',
  size: bytes.length,
  name: 'body',
  open: async () => Readable.from([bytes]),
})

function attempt(input: CallInput, more: Record<string, unknown> = {}): AttemptCall {
  const invocation = randomUUID()
  const written = { image: 'busybox', script: 'work.sh', timeout: 30, ...more }
  const spec = readFunctionSpec(written, { path: 'f', storages: ['lake'], backends: ['lambda'] }).value!
  return {
    id: `${invocation}.1`,
    release: { function: FUNCTION, number: 1, spec, packageDigest: 'sha256:0', createdAt: 0 },
    document: {
      invocation,
      attempt: 1,
      event: {},
      eventTime: '2026-08-01T12:00:00.000Z',
      limits: { deadlineMs: Date.now() + 60_000, ephemeralStorageSize: 512 },
      wantsResult: true,
    },
    input,
  }
}
