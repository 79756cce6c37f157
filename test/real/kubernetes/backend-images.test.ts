/** Images of every kind in pods, and each way in which the runtime kit gets into them. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InvocationRecord } from '../../../runtime/contract/dispatcher-api.js'
import { busyboxRoot, glibcRoot, muslRoot, staticRoot } from '../../support/containers/root-directories.js'
import type { DispatcherProcess } from '../../support/dispatcher-process.js'
import type { Workbench } from '../../support/kubernetes-workbench.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { workbench } from './workbench.js'

const STEERED = ['LD_LIBRARY_PATH=/nowhere', 'LD_PRELOAD=/nowhere.so', 'NODE_OPTIONS=--no-such-option', 'NODE_ENV=test']
const SIZE = { memorySize: 256, cpu: 0.5, ephemeralStorageSize: 64, retries: { attempts: 1 } }
const FUNCTION = 'i-dev-f'

const linesOf = ({ result }: InvocationRecord) => result?.body.split('\n') ?? []

async function put(dispatcher: DispatcherProcess, spec: Record<string, unknown>): Promise<void> {
  const answer = await dispatcher.json('PUT', `/v1/functions/${FUNCTION}`, { spec: { ...SIZE, ...spec } })
  assert.ok(answer.status < 300, JSON.stringify(answer.body))
}

async function run(dispatcher: DispatcherProcess, script: string, spec: Record<string, unknown>) {
  await dispatcher.put(FUNCTION, script, { ...SIZE, ...spec })
  return dispatcher.invokeAndWait(FUNCTION)
}

describe('images on a cluster', function () {
  this.timeout(120_000)
  const cluster = testCluster()
  const namespace = testNamespace(cluster)
  const bench = workbench(cluster, namespace)

  describe('under Pod Security "restricted"', () => {
    it('runs ENTRYPOINT and CMD of an image with musl and nothing else, as its USER, in its WORKDIR, with its ENV', async () => {
      const image = await bench().image('musl', withDirectory(muslRoot, 'srv/work'), {
        Entrypoint: ['/bin/tell', 'first word'],
        Cmd: ['second', ''],
        WorkingDir: '/srv/work',
        User: '1234:1234',
        Env: ['PATH=/bin', ...STEERED],
      })
      const dispatcher = await bench().start()
      await put(dispatcher, { image, output: 'here://out/' })
      const record = await dispatcher.invokeAndWait(FUNCTION, 'flower')
      assert.equal(record.state, 'succeeded', record.message)
      const words = ['word /bin/tell', 'word first word', 'word second', 'word ']
      const own = ['uid 1234', 'cwd /srv/work', ...STEERED, 'SPILLWAY_WORKER_TOKEN=(none)', 'FLOWER']
      assert.deepEqual(linesOf(record), [...words, ...own])
      assert.equal(readFileSync(dispatcher.path('out', 'result'), 'utf8'), 'done')
    })

    it('runs a command in an image that has no shell and no libc; a script fails there and says what is missing', async () => {
      const image = await bench().image('static', staticRoot)
      const dispatcher = await bench().start()
      await put(dispatcher, { image, command: ['/bin/tell', 'a  b'] })
      const record = await dispatcher.invokeAndWait(FUNCTION, 'x')
      assert.equal(record.state, 'succeeded', record.message)
      assert.deepEqual(linesOf(record).slice(0, 4), ['word /bin/tell', 'word a  b', 'uid 1000', 'cwd /'])
      const failure = await run(dispatcher, 'echo hello', { image })
      assert.match(failure.message ?? '', /\/bin\/sh is not there/)
    })

    it("runs a script with the image's own Python, which finds a home", async () => {
      const image = await bench().image('python', glibcRoot, { Cmd: ['python3'] })
      const dispatcher = await bench().start()
      const script =
        '#!/usr/bin/python3\nimport os, pathlib\nhome = pathlib.Path.home()\n(home / "x").write_text("y")\nprint(home, os.getuid())\n'
      assert.equal((await run(dispatcher, script, { image })).result?.body, '/mnt/spillway 1000\n')
    })

    it('refuses an image whose USER is a name, with advice, and runs it as the user that the function says', async () => {
      const image = await bench().image('named', busyboxRoot, { User: 'app', WorkingDir: '/tmp/work' })
      const dispatcher = await bench().start()
      const failure = await run(dispatcher, 'id -u', { image })
      assert.deepEqual([failure.state, failure.cause], ['failed', 'image'])
      assert.match(failure.message ?? '', /the user "app".*runAsUser/)
      assert.equal((await run(dispatcher, 'id -u', { image, kubernetes: { runAsUser: 77 } })).result?.body, '77\n')
    })

    it('runs an image of root as somebody else; as root it is not let in, and says why', async () => {
      const image = await bench().image('root', busyboxRoot, { WorkingDir: '/tmp/work' })
      const dispatcher = await bench().start()
      assert.equal((await run(dispatcher, 'id -u', { image })).result?.body, '1000\n')
      const failure = await run(dispatcher, 'id -u', { image, kubernetes: { allowRoot: true } })
      assert.deepEqual([failure.state, failure.cause], ['failed', 'image'])
      assert.match(failure.message ?? '', /violates PodSecurity "restricted:latest".*runAsNonRoot/)
    })

    it('gives it the secrets that the function names, and says which one is missing', async () => {
      const image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
      await bench().kubectl('create', 'secret', 'generic', 'keys', '--from-literal=api=sesame')
      const dispatcher = await bench().start({ imagePullTimeout: 1 })
      const secrets = (from: string) => ({ image, secrets: [{ env: 'KEY', from }] })
      assert.equal((await run(dispatcher, 'echo $KEY', secrets('keys/api'))).result?.body, 'sesame\n')
      const failure = await run(dispatcher, 'echo $KEY', secrets('keys/none'))
      assert.match(failure.message ?? '', /couldn't find key none in Secret .*keys/)
    })

    it('shows the start token to a script, but it is worth nothing any more', async () => {
      const image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
      const dispatcher = await bench().start()
      const address = `http://${cluster().facts.gatewayAddress}:7700/v1/workers/start`
      const script = `token=$(tr '\\0' '\\n' < /proc/1/environ | sed -n s/^SPILLWAY_START_TOKEN=//p); test -n "$token"
wget -q -O - --header "authorization: Bearer $token" --header 'content-type: application/json' --post-data '{"nonce":"0123456789abcdef"}' ${address} 2>&1`
      const record = await run(dispatcher, script, { image })
      assert.equal(record.state, 'failed')
      const { body } = await dispatcher.call<string>('GET', `/v1/invocations/${record.id}/log`)
      assert.match(body, /401 Unauthorized/)
    })

    it('leaves no token of the cluster in the pod', async () => {
      const image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
      const dispatcher = await bench().start()
      const record = await run(dispatcher, 'ls /var/run/secrets 2>&1; env | grep -c KUBERNETES; true', { image })
      assert.match(record.result?.body ?? '', /No such file[\s\S]*^0$/m)
    })
  })

  describe('whatever brings the runtime kit', () => {
    const ways = async (on: Workbench) =>
      [
        { way: 'derived images', kubernetes: {} },
        { way: 'an init container', kubernetes: { registry: undefined, kitImage: await on.kitImage() } },
      ].map(({ way, kubernetes }) => ({ way, start: () => on.start(kubernetes) }))

    it('runs a script, and says how the kit comes', async () => {
      const image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
      for (const { way, start } of await ways(bench())) {
        const dispatcher = await start()
        const record = await run(dispatcher, 'pwd; ls /opt/spillway', { image })
        assert.equal(record.result?.body, '/tmp/work\nbin\nlib\nsupervisor.cjs\n', record.message)
        const { body } = await dispatcher.call<{ backends: { notes: string[] }[] }>('GET', '/v1/backends')
        assert.match(body.backends[0]!.notes[1]!, new RegExp(`^the runtime kit comes by ${way}`))
        await dispatcher.stop()
      }
    })

    it('runs an image that only the node has, if it is told what to run in it', async function () {
      if (!cluster().isOwn) {
        process.stdout.write('      skipped: needs a cluster that the tests made\n')
        return this.skip()
      }
      const image = 'localhost/spillway-test/loaded:1'
      await cluster().makeImage({ reference: image, fill: busyboxRoot, config: { WorkingDir: '/tmp/work' } })
      const dispatcher = await bench().start({ registry: undefined, kitImage: await bench().kitImage() })
      assert.equal((await run(dispatcher, 'pwd', { image })).result?.body, '/tmp/work\n')
      await put(dispatcher, { image })
      assert.match((await dispatcher.invokeAndWait(FUNCTION)).message ?? '', /nobody knows its ENTRYPOINT/)
    })
  })

  describe('where anybody may be root', () => {
    const open = testNamespace(cluster, 'baseline')

    it('runs an image of root as root, when the function says so', async () => {
      const image = await bench().image('at-home', withDirectory(busyboxRoot, 'root'), { WorkingDir: '/root' })
      const dispatcher = await bench().start({ namespace: open })
      const record = await run(dispatcher, 'id -u; pwd', { image, kubernetes: { allowRoot: true } })
      assert.equal(record.result?.body, '0\n/root\n', record.message)
      await cluster().kubectl('delete', 'jobs', '--all', '--namespace', open)
    })
  })
})

/** With the directory in which its user works. */
const withDirectory = (fill: (root: string) => void, path: string) => (root: string) => {
  fill(root)
  mkdirSync(join(root, path), { recursive: true })
}
