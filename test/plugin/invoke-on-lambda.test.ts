/** `serverless invoke` of a function that is on Lambda alone: the supervisor in sandboxes, S3 and Lambda in this process. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { openLambda } from '../../plugin/aws/open-lambda.js'
import { openS3 } from '../../plugin/aws/open-s3.js'
import type { InvocationEnd, Work } from '../../plugin/invoke/invoker.js'
import { LambdaInvoker } from '../../plugin/invoke/on-lambda.js'
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'
import { copyFixture, describeOnClis, filesBelow, runCli } from '../support/cli.js'
import { error } from '../support/lambda/lambda-endpoint.js'
import { FUNCTION, SmallLambda, STAGING_BUCKET } from '../support/lambda/small-lambda.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const MEBIBYTE = 1024 ** 2
const COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"'
const REGION = 'eu-west-1'

describe('invoking what is on Lambda alone', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()
  let lambda: SmallLambda

  beforeEach(async () => (lambda = await SmallLambda.start(directory())))
  afterEach(() => lambda.stop())

  const invoker = async (spec: Partial<FunctionSpec> = {}) => {
    const config = { region: REGION, credentials: lambda.s3.keys }
    const at = (endpoint: string) => ({ ...config, endpoint, forcePathStyle: true })
    return new LambdaInvoker({
      lambda: await openLambda(at(lambda.endpoint.url)),
      s3: await openS3(at(lambda.s3.url)),
      entry: { key: 'classify', name: FUNCTION, spec: { ...specOf(), ...spec } },
      staging: STAGING_BUCKET,
    })
  }
  const ends = async (work: Work, spec?: Partial<FunctionSpec>): Promise<InvocationEnd[]> => {
    const found: InvocationEnd[] = []
    for await (const end of (await invoker(spec)).run(work)) found.push(end)
    return found
  }
  const end = async (work: Work) => (await ends(work))[0]!
  const printed = ({ result }: InvocationEnd) => Buffer.from(result?.body ?? '', result?.encoding).toString()

  it('gives a body to the script as it is, JSON and bytes, and takes the answer', async () => {
    await lambda.install({ script: 'cat' })
    assert.equal(printed(await end(content('{"colour": "red"}', 'application/json'))), '{"colour": "red"}')
    assert.equal(printed(await end(content('red', 'text/plain; charset=utf-8'))), 'red')
    assert.equal(printed(await end(content('', 'text/plain; charset=utf-8'))), '')
    assert.equal(lambda.s3.below(STAGING_BUCKET).length, 0)
  })

  it('uploads what is too large for an event, by a presigned request', async () => {
    await lambda.install({ script: 'basename "$INPUT_FILE_PATH"; wc -c < "$INPUT_FILE_PATH"' })
    const large = content('x'.repeat(5 * MEBIBYTE), undefined, 'leaves.bin')
    assert.equal(printed(await end(large)), `leaves.bin\n${5 * MEBIBYTE}\n`)
    const [key] = lambda.s3.below(`${STAGING_BUCKET}/spillway/${FUNCTION}/`)
    assert.match(key!, /^requests\/[0-9a-f-]{36}\/leaves\.bin$/)
    const { query } = lambda.s3.requests.find(({ method }) => method === 'PUT')!
    assert.ok(query.has('X-Amz-Signature'))
    assert.ok(lambda.endpoint.invocations[0]!.payload.length < 1000)
  })

  it('sends every object below a prefix that an input takes, and finds the results of each', async () => {
    await lambda.install({ script: `grep -q bad "$INPUT_FILE_PATH" && exit 7; ${COPY}` })
    for (const key of ['in/a b.txt', 'in/bad', 'in/folder/', 'other/c']) lambda.s3.put(`plants/${key}`, key)
    const found = await ends({ kind: 'prefix', place: { storage: 'lake', bucket: 'plants', prefix: '' } })
    const [good, bad] = found.sort((a, b) => (a.key! < b.key! ? -1 : 1)) as [InvocationEnd, InvocationEnd]
    assert.equal(found.length, 2)
    assert.deepEqual(
      [good.key, good.failure, good.outputs.map(({ key }) => key)],
      ['in/a b.txt', undefined, ['out/a b.txt']],
    )
    assert.equal(await text(await good.outputs[0]!.open()), 'in/a b.txt')
    assert.deepEqual(
      [bad.key, bad.failure],
      ['in/bad', 'script-exit: the script ended with exit code 7; its log says more'],
    )
    assert.match((await bad.log()).join('\n'), /REPORT RequestId/)
    await assert.rejects(
      ends({ kind: 'prefix', place: { storage: 'lake', bucket: 'plants', prefix: '' } }, { input: [] }),
      {
        message: /classify has no `input`, so its role may read nothing/,
      },
    )
  })

  it('does not wait with Event, for which less fits', async () => {
    await lambda.install({ script: COPY })
    const work = content('y'.repeat(MEBIBYTE), undefined, 'y')
    const ids = await (await invoker()).begin(work)
    assert.equal(ids.length, 1)
    assert.equal(lambda.endpoint.invocations[0]!.type, 'Event')
    assert.equal(lambda.s3.below(`${STAGING_BUCKET}/`).length, 1)
  })

  it('waits while Lambda has no room or the function is not ready, and says what it refuses', async () => {
    await lambda.install({ script: 'echo done' })
    const refusals = ['TooManyRequestsException', 'ResourceConflictException']
    lambda.endpoint.rule = () => {
      const type = refusals.shift()
      return type === undefined ? undefined : error(type === 'TooManyRequestsException' ? 429 : 409, type, 'later')
    }
    assert.equal(printed(await end(content('x'))), 'done\n')
    lambda.endpoint.rule = () => error(403, 'AccessDeniedException', 'you may not')
    await assert.rejects(end(content('x')), {
      code: 'aws-refused',
      message: /AWS does not invoke plants-dev-classify: AccessDeniedException: you may not/,
    })
  })

  it('hands on the answer of a program with a runtime client of its own', async () => {
    await lambda.install()
    lambda.endpoint.rule = () => ({ status: 200, body: '[1, 2]' })
    assert.equal(printed(await end(content('{}', 'application/json'))), '[1, 2]')
    const headers = { 'x-amz-function-error': 'Unhandled' }
    lambda.endpoint.rule = () => ({
      status: 200,
      headers,
      body: '{"errorType":"Sandbox.Timedout","errorMessage":"3 s"}',
    })
    assert.equal((await end(content('{}', 'application/json'))).failure, 'Sandbox.Timedout: 3 s')
  })
})

describeOnClis('serverless invoke of what is on Lambda alone', function (cli) {
  this.timeout(120_000)
  let root: string
  let directory: string
  let lambda: SmallLambda

  before(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
    directory = copyFixture('lambda', root)
    lambda = await SmallLambda.start(root)
    await lambda.install({ script: `${COPY}; echo hello; grep -q bad "$INPUT_FILE_PATH" && exit 7; true` })
  })
  after(async () => {
    await lambda.stop()
    rmSync(root, { recursive: true, force: true })
  })

  const run = (words: string) => {
    const { accessKeyId, secretAccessKey, sessionToken } = lambda.s3.keys
    const environment = {
      TEST_REGISTRY: 'registry.test',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_ENDPOINT_URL_S3: lambda.s3.url,
      AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint.url,
    }
    return runCli(cli, words.split(' '), { cwd: directory, environment })
  }

  it('prints the answer and nothing else; a failure has exit code 1 and shows the log', async () => {
    const good = await run('invoke -f classify -d hi')
    assert.deepEqual([good.code, good.stdout], [0, 'hello\n'], good.stderr)
    const bad = await run('invoke -f classify -d bad')
    assert.deepEqual([bad.code, bad.stdout], [1, ''], bad.stderr)
    assert.match(bad.stderr, /plants-dev-classify: script-exit: the script ended with exit code 7/)
    assert.match(bad.stderr, /more: serverless logs --function classify/)
  })

  it('takes a file, and downloads what was published', async () => {
    writeFileSync(join(directory, 'rose'), 'petals')
    const { code, stdout, stderr } = await run('invoke -f classify -p rose --output got')
    assert.equal(code, 0, stdout + stderr)
    const [answer, ...others] = filesBelow(join(directory, 'got')).sort((one) => (one.endsWith('.result') ? -1 : 1))
    assert.match(answer!, /^[0-9a-f-]{36}\.result$/)
    assert.deepEqual(others, ['body'])
    assert.equal(readFileSync(join(directory, 'got', 'body'), 'utf8'), 'petals')
    const saved = [answer!, 'body'].map((name) => join(directory, 'got', name))
    assert.deepEqual(stdout.trim().split('\n').sort(), saved.sort())
  })

  it('works on every object below a prefix', async () => {
    for (const name of ['a.jpg', 'b.png', 'c.txt']) lambda.s3.put(`plants/in/${name}`, name)
    const { code, stdout, stderr } = await run('invoke -f classify --input lake://plants/in/ --output all')
    assert.equal(code, 0, stdout + stderr)
    assert.deepEqual(filesBelow(join(directory, 'all')), ['a.jpg', 'b.png'])
  })

  it('refuses options of Spillway for an ordinary function', async () => {
    const { code, stdout, stderr } = await run('invoke -f hello --output got')
    assert.equal(code, 1)
    assert.match(stdout + stderr, /--output is for functions of Spillway; hello is an ordinary one/)
  })
})

const content = (body: string, contentType?: string, name = 'body'): Work => ({
  kind: 'content',
  content: { name, size: body.length, open: () => Readable.from([body]) },
  ...(contentType === undefined ? {} : { contentType }),
})

function specOf(): FunctionSpec {
  const written = { image: 'x', script: 'work.sh', input: 'lake://plants/in/', output: 'lake://plants/out/' }
  return readFunctionSpec(written, { path: 'f', storages: ['lake'], backends: ['lambda'] }).value!
}
