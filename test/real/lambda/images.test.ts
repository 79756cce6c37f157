/** Images of every kind on Lambda, as a deployment derives them, in sandboxes as Lambda has them. */
import assert from 'node:assert/strict'
import type { LambdaAnswer } from '../../../runtime/contract/lambda-function.js'
import { busyboxRoot, glibcRoot, muslRoot, staticRoot } from '../../support/containers/root-directories.js'
import type { Invoked } from '../../support/lambda/small-lambda.js'
import type { SmallS3 } from '../../support/s3/small-s3.js'
import { skipWhere } from '../../support/skip-where.js'
import { DerivedFunctions, whyNoDerivedFunctions, type FunctionSource } from './derived-functions.js'
import { RealLambda } from './real-lambda.js'

describe('images on Lambda', function () {
  this.timeout(180_000)
  let functions: DerivedFunctions
  let lambda: RealLambda
  let s3: SmallS3
  let count = 0

  skipWhere(whyNoDerivedFunctions)
  before(async () => {
    functions = await DerivedFunctions.start()
    const started = await RealLambda.startSmall()
    lambda = started.lambda
    s3 = started.s3
  })
  after(async () => {
    await lambda?.stop()
    await s3?.stop()
    await functions?.stop()
  })

  /** Derives and installs; answers how to invoke it. */
  const install = async (source: Omit<FunctionSource, 'name'>, more: object = {}) => {
    const name = `images-dev-f${++count}`
    await lambda.install(await functions.derive({ ...source, name }), more)
    return (event: unknown = {}) => lambda.invoke(name, event)
  }
  const script = (text: string, base = 'busybox', spec: object = {}) =>
    install({ base, spec: { script: 'work.sh', ...spec }, files: { 'work.sh': text } })

  describe('run', () => {
    it('a script in busybox, as an unprivileged user on a read-only root, with nothing but loopback and us', async () => {
      functions.push('busybox', { fill: busyboxRoot, config: { Cmd: ['sh'] } })
      const invoke = await script(
        'id -u; touch /x 2>&1 | grep -o Read-only; pwd; ls /sys/class/net 2>/dev/null | wc -l; wc -l < /proc/net/route',
      )
      assert.equal(printed(await invoke()), '993\nRead-only\n/\n0\n2\n')
    })

    it('an ENTRYPOINT without a shell or even a libc', async () => {
      const config = { Entrypoint: ['/bin/tell', 'one'], Cmd: ['two words'], Env: ['LD_LIBRARY_PATH=/nowhere'] }
      functions.push('static', { fill: staticRoot, config })
      const told = printed(await (await install({ base: 'static' }))('shout'))
      assert.match(told, /^word \/bin\/tell\nword one\nword two words\nuid 993\ncwd \/\nLD_LIBRARY_PATH=\/nowhere\n/)
      assert.match(told, /"SHOUT"$/)
    })

    it('a program of another libc, in a WORKDIR under /tmp that is not in the sandbox', async () => {
      const config = { Entrypoint: ['/bin/tell'], WorkingDir: '/tmp/workdir', User: 'nobody' }
      functions.push('musl', { fill: muslRoot, config })
      const invoke = await install({ base: 'musl' })
      for (let round = 0; round < 2; round++) assert.match(printed(await invoke()), /cwd \/tmp\/workdir\n/)
    })

    it('Python, with variables of the image that would steer the supervisor', async () => {
      const Env = ['LD_LIBRARY_PATH=/opt/lib', 'PYTHONUNBUFFERED=1']
      functions.push('python', { fill: glibcRoot, config: { Env, Cmd: ['python3'] } })
      const text = '#!/usr/bin/python3\nimport os, sys\nprint(sys.version_info[0], os.environ["LD_LIBRARY_PATH"])\n'
      assert.equal(printed(await (await script(text, 'python'))()), '3 /opt/lib\n')
    })
  })

  describe('are held to what Lambda has', () => {
    it('memory: a script that takes more is told from one that fails', async () => {
      const invoke = await script('x=$(head -c 400000000 /dev/zero | tr "\\0" x); echo ${#x}', 'busybox', {
        memorySize: 128,
      })
      const { payload, functionError } = await invoke()
      assert.equal(functionError, 'Unhandled')
      assert.match(JSON.stringify(payload), /out-of-memory|signal: killed/)
    })

    it('/tmp: a script that fills it, and input that does not fit', async () => {
      const spec = { ephemeralStorageSize: 512, memorySize: 2048 }
      const invoke = await script(
        'head -c 600000000 /dev/zero > "$TMPDIR/x" || { df /tmp | tail -1; exit 5; }',
        'busybox',
        spec,
      )
      const full = await invoke()
      assert.match(JSON.stringify(full.payload), /Spillway.script-exit.*exit code 5/)
      const { payload } = await invoke(created('k', 6e8))
      assert.match(JSON.stringify(payload), /Spillway.input-too-large.*600 MB.*512 MB/)
    })

    it('/tmp: what a script keeps there makes room for an input, though not for a smaller one', async () => {
      const spec = { ephemeralStorageSize: 512, memorySize: 2048 }
      const text = 'ls /tmp | tr "\\n" " "; wc -c < "$INPUT_FILE_PATH"; head -c 300000000 /dev/zero > /tmp/kept'
      const invoke = await script(text, 'busybox', spec)
      s3.put('b/small', 'petals')
      s3.put('b/large', Buffer.alloc(3e8))
      const said = [created('small', 6), created('small', 6), created('large', 3e8)]
      const logs: string[] = []
      for (const event of said) logs.push((await invoke(event)).log)
      assert.deepEqual(
        logs.map((log) => /^.*spillway.*$/m.exec(log)?.[0]),
        ['spillway 6', 'kept spillway 6', 'spillway 300000000'],
      )
    })

    it('time: the supervisor reports before Lambda ends the sandbox', async () => {
      const invoke = await script('sleep 60', 'busybox', { timeout: 3 })
      assert.match(JSON.stringify((await invoke()).payload), /Spillway.timeout/)
    })
  })

  describe('leave a warm sandbox clean', () => {
    it('of processes that hide: those that left their group and cleared their environment', async () => {
      const invoke = await script(
        'env -i setsid sleep 300 > /dev/null 2>&1 &\nsleep 0.2; ps -o pid,args | grep -c "[s]leep 300"',
      )
      assert.deepEqual([printed(await invoke()), printed(await invoke())], ['1\n', '1\n'])
    })

    it('of its own files and the working directory, but not of what it keeps in /tmp, unless it wants a fresh one', async () => {
      const text = 'ls /tmp; touch /tmp/kept; touch "$TMPDIR/left"'
      const reuse = await script(text)
      assert.equal(printed(await reuse()), 'spillway\n')
      assert.equal(printed(await reuse()), 'kept\nspillway\n')
      const fresh = await script(text, 'busybox', { isolation: 'fresh' })
      assert.equal(printed(await fresh()), 'spillway\n')
      assert.equal(printed(await fresh()), 'spillway\n')
    })

    it('and are frozen between events', async () => {
      const invoke = await script(
        'nohup sh -c "while :; do date +%s%N; sleep 0.05; done" > /tmp/ticks 2>&1 & sleep 0.2; wc -l < /tmp/ticks',
      )
      const first = Number(printed(await invoke()))
      await new Promise((resolve) => setTimeout(resolve, 1000))
      assert.ok(Number(printed(await invoke())) < first + 15)
    })
  })
})

function printed({ payload, functionError, log }: Invoked): string {
  assert.equal(functionError, undefined, JSON.stringify(payload) + log)
  const [run] = (payload as LambdaAnswer).runs
  return Buffer.from(run?.result?.body ?? '', run?.result?.encoding).toString()
}

/** S3 tells of a new object in the bucket `b`. */
const created = (key: string, size: number) => ({
  Records: [
    {
      eventName: 'ObjectCreated:Put',
      eventSource: 'aws:s3',
      eventTime: '2026-08-01T12:00:00Z',
      s3: { bucket: { name: 'b' }, object: { key, size } },
    },
  ],
})
