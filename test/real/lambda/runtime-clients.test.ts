/** An image like AWS's own, with AWS's own runtime client: it runs as it is, on Lambda and on the local back-end. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Podman } from '../../support/containers/podman.js'
import { DispatcherProcess } from '../../support/dispatcher-process.js'
import { attemptCall, StagedAttempt } from '../../support/lambda/attempt-call.js'
import { STAGING_BUCKET } from '../../support/lambda/small-lambda.js'
import type { SmallS3 } from '../../support/s3/small-s3.js'
import { skipWhere } from '../../support/skip-where.js'
import { DerivedFunctions, whyNoDerivedFunctions } from './derived-functions.js'
import { RealLambda } from './real-lambda.js'
import { NODE_CLIENT } from './node-runtime-client.js'
import { PYTHON_CLIENT, type RuntimeClient } from './runtime-clients.js'

interface Told {
  event: unknown
  function: string
  remaining: boolean
}

const checks = ({ whyNot, errorType, image: base, file, command, environment }: RuntimeClient) =>
  function (this: Mocha.Suite) {
    this.timeout(180_000)
    before(function () {
      this.timeout(1_200_000)
      const why = whyNot()
      if (why === undefined) return
      process.stdout.write(`    skipped: ${why}\n`)
      this.skip()
    })

    describe('on Lambda, in an image like those of AWS', () => {
      const FUNCTION = 'clients-dev-like'
      let functions: DerivedFunctions
      let lambda: RealLambda
      let s3: SmallS3

      skipWhere(whyNoDerivedFunctions)
      before(async () => {
        functions = await DerivedFunctions.start()
        const started = await RealLambda.startSmall()
        lambda = started.lambda
        s3 = started.s3
        functions.push('like', base)
        await lambda.install(await functions.derive({ base: 'like', name: FUNCTION }))
      })
      after(async () => {
        await lambda?.stop()
        await s3?.stop()
        await functions?.stop()
      })

      it('gets events as they are, and answers', async () => {
        const { payload, functionError, log } = await lambda.invoke(FUNCTION, { colour: 'red' })
        assert.equal(functionError, undefined, JSON.stringify(payload) + log)
        assert.deepEqual(payload, { event: { colour: 'red' }, function: FUNCTION, remaining: true })
        assert.match(log, /working on [0-9a-f-]{36}/)
      })

      it('fails in its own words, and goes on', async () => {
        const { payload } = await lambda.invoke(FUNCTION, { fail: 'no such flower' })
        const { errorType: type, errorMessage } = payload as Record<string, string>
        assert.deepEqual([type, errorMessage], [errorType, 'no such flower'])
        assert.equal((await lambda.invoke(FUNCTION, { exit: 3 })).functionError, 'Unhandled')
        assert.equal((await lambda.invoke(FUNCTION, {})).functionError, undefined)
      })

      it('works for a dispatcher: with files where its variables say', async () => {
        const data = Buffer.from('petals').toString('base64')
        const call = attemptCall({ event: { colour: 'blue' }, input: { kind: 'inline', name: 'a.txt', data } })
        await lambda.invoke(FUNCTION, call)
        const staged = new StagedAttempt(s3, STAGING_BUCKET, FUNCTION, call)
        const told = JSON.parse(staged.outcome?.outcome.result?.body ?? '') as Told
        assert.deepEqual(told.event, { colour: 'blue' })
        assert.ok(staged.log.some(({ text }) => text.includes('working on')))
      })
    })

    describe('on the local back-end', () => {
      let directory: string
      let podman: Podman | undefined
      let dispatcher: DispatcherProcess

      beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'spillway-clients-'))))
      afterEach(async () => {
        await dispatcher?.stop()
        podman?.close()
        podman = undefined
        rmSync(directory, { recursive: true, force: true })
      })

      const FUNCTION = 'clients-dev-local'
      const check = async () => {
        const record = await dispatcher.invokeAndWait(FUNCTION, '{"colour": "red"}')
        const log = await dispatcher.call<string>('GET', `/v1/invocations/${record.id}/log`)
        assert.equal(record.state, 'succeeded', JSON.stringify(record.tries) + log.body)
        const told = JSON.parse(record.result!.body) as Told
        assert.deepEqual([told.event, told.function, told.remaining], [{ colour: 'red' }, FUNCTION, true])
        const failed = await dispatcher.invokeAndWait(FUNCTION, '{"fail": "no such flower"}')
        assert.deepEqual(
          [failed.state, failed.cause, failed.message],
          ['failed', 'script-exit', `${errorType}: no such flower`],
        )
        const { body } = await dispatcher.call<string>('GET', `/v1/invocations/${record.id}/log`)
        assert.match(body, /working on/)
      }

      it('is a command like any other, known by its name', async () => {
        dispatcher = await DispatcherProcess.start({ directory })
        const files = [{ path: file.path, mode: 0o644, data: Buffer.from(file.content).toString('base64') }]
        const answer = await dispatcher.json('PUT', `/v1/functions/${FUNCTION}`, {
          spec: { command, files: [file.path], environment, retries: { attempts: 1 } },
          files,
        })
        assert.ok(answer.status < 300, JSON.stringify(answer.body))
        await check()
      })

      it('runs in an image like those of AWS', async function () {
        const why = Podman.missing()
        if (why !== undefined) {
          process.stdout.write(`      skipped: ${why}\n`)
          this.skip()
        }
        podman = Podman.open()
        const image = podman.makeImage('like', base.fill, base.config)
        dispatcher = await DispatcherProcess.start({ directory, environment: podman.environment })
        const spec = { image, retries: { attempts: 1 } }
        const answer = await dispatcher.json('PUT', `/v1/functions/${FUNCTION}`, { spec, files: [] })
        assert.ok(answer.status < 300, JSON.stringify(answer.body))
        await check()
      })
    })
  }

for (const client of [PYTHON_CLIENT, NODE_CLIENT]) describe(`AWS's own runtime client ${client.name}`, checks(client))
