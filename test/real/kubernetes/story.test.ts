/** The whole story on a real cluster: install, deploy, files in, results out, things unplugged, everything removed. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { V1Job } from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { blobSizes } from '../../support/blob-sizes.js'
import { DispatcherProcess, REPOSITORY } from '../../support/dispatcher-process.js'
import { eventually } from '../../support/eventually.js'
import { HttpSignals } from '../../support/script-signals.js'
import { skipWhere } from '../../support/skip-where.js'
import { generated } from '../../support/streams.js'
import { testCluster } from '../cluster/test-cluster.js'
import { whyNoMinio } from '../programs/minio.js'
import { whyNoRegistry } from '../programs/registry.js'
import { BUCKET, digestOf, Lab, NAMESPACE, SCRIPT, shifted, shiftedDigest, WORKERS } from './lab.js'
import { killSupervisors } from './workbench.js'

const NAME = 'story-dev-shift'
const LARGE_BYTES = 500 * 1024 ** 2
const LARGE = 'large.bin'
const MINUTES = 60_000

const FILES = 200

/** Results after which a fault comes, so that it comes in the middle of the work. */
const BEFORE_FAULT = 20

/** Milliseconds for which no webhook gets through. */
const UNTOLD_MS = 60_000

describe('the whole story on a cluster', function () {
  this.timeout(5 * MINUTES)
  const cluster = testCluster({ own: true })
  let directory: string
  let lab: Lab
  let image: string

  skipWhere(() => whyNoMinio() ?? whyNoRegistry())
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'spillway-story-'))
    lab = await Lab.open(cluster(), directory)
  })
  after(async () => {
    await lab?.close()
    if (directory) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  })

  const shift = (more: Record<string, unknown> = {}) => ({
    image: lab.image,
    script: 'shift.sh',
    memorySize: 256,
    cpu: 0.4,
    ephemeralStorageSize: 1500,
    concurrency: 4,
    input: `lake://${BUCKET}/in/`,
    output: `lake://${BUCKET}/out/`,
    ...more,
  })

  /** Files with their keys, and what has to become of them. */
  function files(prefix: string, sizes: number[]): { input: Map<string, Buffer>; expected: Map<string, string> } {
    const all = sizes.map((size, index): [string, Buffer] => [`${prefix}-${index}.bin`, randomBytes(size)])
    return {
      input: new Map(all.map(([name, content]) => [`in/${name}`, content])),
      expected: new Map(all.map(([name, content]) => [`out/${name}.out`, digestOf(shifted(content))])),
    }
  }

  const arrive = (prefix: string, expected: ReadonlyMap<string, string>, timeoutMs = 3 * MINUTES) =>
    eventually(
      async () => {
        const found = await lab.results(`out/${prefix}-`)
        return found.size >= expected.size && found
      },
      { timeoutMs, everyMs: 500, what: `${expected.size} results of ${prefix}` },
    )

  /** Each file was accepted once, and has succeeded. */
  async function checkBooks(prefix: string, count: number): Promise<void> {
    const mine = (await lab.invocations(NAME)).filter(
      ({ input }) => input.kind === 'object' && input.event.key.startsWith(`in/${prefix}-`),
    )
    assert.deepEqual(
      mine.filter(({ state }) => state !== 'succeeded').map(({ id, state, message }) => [id, state, message]),
      [],
    )
    assert.equal(mine.length, count)
  }

  it('pushes one image, twice the same', async () => {
    image = await lab.pushImage()
    assert.match(image, /@sha256:[0-9a-f]{64}$/)
    assert.equal(await lab.pushImage(), image)
  })

  it('installs the dispatcher, after a dry run that changes nothing, and again without a change', async () => {
    const would = await lab.dryRun(image)
    assert.match(would, /^Deployment lab\/spillway: would be created$/m)
    assert.equal(
      await cluster().kubectl('get', 'namespaces', '--selector=app.kubernetes.io/name=spillway', '-o=name'),
      '',
    )
    const [first] = await lab.install(image)
    assert.doesNotMatch(first!, /as it was|changed/)
    const again = await lab.dryRun(image)
    assert.deepEqual(
      again.split('\n').filter((line) => line !== '' && !line.endsWith('as it was')),
      [],
    )
  })

  it('writes the same objects as files that Kustomize takes', async () => {
    const base = join(directory, 'base')
    await lab.render(image, base)
    const checked = await cluster().kubectl(
      'apply',
      '--kustomize',
      base,
      '--dry-run=server',
      '--server-side',
      '--force-conflicts',
    )
    assert.match(checked, /^deployment.apps\/spillway serverside-applied \(server dry run\)$/m)
  })

  it('gives the dispatcher no right but those it needs', async () => {
    const may = async (namespace: string) => {
      const account = `system:serviceaccount:${NAMESPACE}:spillway`
      const table = await cluster().kubectl('auth', 'can-i', '--list', `--as=${account}`, '--namespace', namespace)
      const rows = table
        .split('\n')
        .slice(1)
        .filter((row) => /^\S/.test(row) && !/^\S*(selfsubject|\[\/)/.test(row))
      return rows.map((row) => row.replace(/\s+\[\]\s+\[\]\s+/, ' ').trim()).toSorted()
    }
    assert.deepEqual(await may(WORKERS), [
      'events [list]',
      'jobs.batch [create list delete]',
      'nodes [list]',
      'pods [list watch]',
      'secrets [create]',
    ])
    assert.deepEqual(await may('default'), ['nodes [list]'])
    assert.deepEqual(await may('kube-node-lease'), ['leases.coordination.k8s.io [get]', 'nodes [list]'])
  })

  it('deploys a function whose bucket is made, and says so when nothing has changed', async () => {
    await lab.serverless(['deploy'], { shift: shift() })
    assert.ok(await lab.client.bucketExists(BUCKET))
    const { QueueConfiguration: rules } = (await lab.client.getBucketNotification(BUCKET)) as {
      QueueConfiguration?: unknown[]
    }
    assert.equal(rules?.length, 1)
    await lab.serverless(['deploy'], { shift: shift() })
    const functions = await lab.get<{ functions: { name: string; release: number }[] }>('/v1/functions')
    assert.deepEqual(
      functions.functions.map(({ name, release }) => [name, release]),
      [[NAME, 1]],
    )
  })

  it('finds nothing that another deploy would change', async () => {
    assert.match(
      await lab.serverless(['spillway', 'diff'], { shift: shift() }),
      /^story-dev-shift: unchanged; release 1/m,
    )
  })

  it('packages objects that the cluster takes as they are, and a pod that is "restricted"', async () => {
    await lab.serverless(['package'], { shift: shift() })
    const file = join(lab.packageDirectory, 'kubernetes', `${NAME}.yaml`)
    const said = await cluster().kubectl('apply', '--dry-run=server', '--filename', file)
    const object = `${NAME}-000000000000`
    assert.equal(said, `job.batch/${object} created (server dry run)\nsecret/${object} created (server dry run)\n`)
    const [job] = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as V1Job)
    const { metadata, spec } = job!.spec!.template
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'one', namespace: WORKERS }, spec }
    assert.equal(await cluster().apply(pod, '--dry-run=server'), 'pod/one created (server dry run)\n')
  })

  it('has a base for Kustomize in the package, which the cluster takes with what an operator adds', async () => {
    const own = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' }
    const overlay = join(directory, 'overlay')
    mkdirSync(overlay)
    cpSync(join(REPOSITORY, 'dist/kustomize'), join(directory, 'base-of-package'), { recursive: true })
    writeFileSync(join(overlay, 'secrets.env'), 'SPILLWAY_TOKENS_USER=x\n')
    writeFileSync(join(overlay, 'dispatcher.yml'), 'listen: 0.0.0.0:7700\n')
    const file = { namespace: 'spillway', behavior: 'replace', name: 'spillway-config', files: ['dispatcher.yml'] }
    const secret = { namespace: 'spillway', name: 'spillway-secrets', envs: ['secrets.env'] }
    const images = [{ name: 'spillway', newName: 'registry.example.org/lab/spillway', newTag: '1' }]
    const more = { configMapGenerator: [file], secretGenerator: [secret], images }
    writeFileSync(
      join(overlay, 'kustomization.yaml'),
      JSON.stringify({ ...own, resources: ['../base-of-package'], ...more }),
    )
    const namespaces = ['spillway', 'spillway-workers']
    for (const name of namespaces) await cluster().kubectl('create', 'namespace', name)
    try {
      const said = await cluster().kubectl('apply', '--kustomize', overlay, '--dry-run=server', '--output=yaml')
      assert.match(said, /image: registry\.example\.org\/lab\/spillway:1$/m)
      const names = (kind: string) => [...said.matchAll(new RegExp(`name: (spillway-${kind}-[a-z0-9]{10})$`, 'gm'))]
      for (const kind of ['config', 'secrets']) {
        const found = new Set(names(kind).map(([, name]) => name))
        assert.equal(found.size, 1, `the pod refers to the ${kind} by the name that it has`)
        assert.ok(names(kind).length > 1)
      }
    } finally {
      for (const name of namespaces) await cluster().kubectl('delete', 'namespace', name, '--wait=false')
    }
  })

  it('follows a run by its log, and keeps log and status by id when its pod is gone', async () => {
    const signals = new HttpSignals(cluster().facts.gatewayAddress)
    await signals.open()
    const command = ['/bin/sh', '-c', `echo first; ${signals.waitFor('go')}; echo last >&2`]
    const functions = { shift: shift(), speak: { ...shift(), script: undefined, command, input: [], output: [] } }
    await lab.serverless(['deploy'], functions)
    const answer = await lab.serverless(['invoke', '-f', 'speak', '--type', 'Event'], functions)
    const id = /^[0-9a-f-]{36}$/m.exec(answer)![0]
    const tail = lab.startServerless(['logs', '-f', 'speak', '--tail'], functions)
    try {
      const printed: string[] = []
      createInterface({ input: tail.stdout! }).on('line', (line) => printed.push(line))
      const said = (word: string) => () => printed.some((line) => line.endsWith(` ${id.slice(-8)} ${word}`))
      await eventually(said('first'), { timeoutMs: 2 * MINUTES, what: 'the first line' })
      assert.equal((await lab.invocation(id)).state, 'running')
      assert.ok(!said('last')())
      signals.tell('go')
      await eventually(said('last'), { timeoutMs: 20_000, what: 'the last line' })
      assert.equal(tail.exitCode, null, 'it goes on')
    } finally {
      tail.kill('SIGTERM')
      signals.close()
    }
    // It would go by itself two minutes after its end.
    const own = [`--namespace=${WORKERS}`, '--selector=spillway/function=story-dev-speak']
    await cluster().kubectl('delete', 'jobs', ...own)
    const pods = () => cluster().kubectl('get', 'pods', '--output=name', ...own)
    await eventually(async () => (await pods()) === '', {
      timeoutMs: MINUTES,
      everyMs: 500,
      what: 'the end of its pod',
    })
    assert.match(await lab.serverless(['logs', '-f', 'speak'], functions), /first\n.* last$/m)
    const { state, tries } = await lab.invocation(id)
    assert.deepEqual([state, tries.map(({ backend }) => backend)], ['succeeded', ['kubernetes']])
    assert.match(await lab.serverless(['spillway', 'explain', id], functions), new RegExp(`^${id} is succeeded$`, 'm'))
    assert.match(await lab.log(id), /"text":"first"[\s\S]*"text":"last"/)
  })

  it('turns 200 files and one of 500 MB into results, as the local back-end does, and goes back to nothing', async function () {
    this.timeout(10 * MINUTES)
    const { input, expected } = files('mix', blobSizes(FILES))
    await lab.upload(input)
    await lab.client.putObject(BUCKET, `in/${LARGE}`, generated(LARGE_BYTES, 'y'), LARGE_BYTES)
    assert.deepEqual(await arrive('mix', expected), expected)
    assert.deepEqual(await locally(input), expected)
    const large = await eventually(async () => (await lab.results('out/large')).get(`out/${LARGE}.out`), {
      timeoutMs: 2 * MINUTES,
      everyMs: 1000,
    })
    assert.equal(large, await shiftedDigest(generated(LARGE_BYTES, 'y')))
    await checkBooks('mix', FILES)
    const noWorker = async () => {
      const pods = await lab.cluster.kubectl('get', 'pods', '--namespace', WORKERS, '--output=wide')
      assert.equal(pods, '')
      return true
    }
    // What has ended is kept for two minutes.
    await eventually(noWorker, { timeoutMs: 4 * MINUTES, everyMs: 1000, what: 'the end of all workers' })
  })

  /** Digests of the results, under the keys that they have on the cluster. */
  async function locally(input: ReadonlyMap<string, Buffer>): Promise<Map<string, string>> {
    const own = join(directory, 'local')
    const dispatcher = await DispatcherProcess.start({ directory: own })
    try {
      await dispatcher.put('local-dev-shift', SCRIPT, { input: 'here://in/', output: 'here://out/' })
      const source = join(directory, 'source')
      mkdirSync(source)
      for (const [key, content] of input) writeFileSync(join(source, key.slice('in/'.length)), content)
      cpSync(source, dispatcher.path('in'), { recursive: true })
      const out = dispatcher.path('out')
      const names = await eventually(
        () => {
          const found = readdirSync(out)
          return found.length >= input.size && found
        },
        { timeoutMs: 2 * MINUTES, everyMs: 200 },
      )
      return new Map(names.map((name) => [`out/${name}`, digestOf(readFileSync(join(out, name)))]))
    } finally {
      await dispatcher.stop()
    }
  }

  const FAULTS: Record<string, () => Promise<void>> = {
    'the dispatcher is killed': async () => {
      const [pod] = await lab.pods(NAMESPACE)
      await cluster().kubectl('delete', pod!, '--namespace', NAMESPACE, '--grace-period=0', '--force')
      await lab.ready()
    },
    'the workers are killed': () => killSupervisors(cluster()),
    'the pods of the workers are deleted': async () => {
      const now = ['--grace-period=0', '--force', '--wait=false']
      await cluster().kubectl('delete', 'pods', '--all', '--namespace', WORKERS, ...now)
    },
    'MinIO is restarted': () => lab.minio.restart(),
    'the API server is restarted': async () => {
      await cluster().stopApiServer()
      await cluster().startApiServer()
    },
    'another function is deployed': async () => {
      await lab.serverless(['deploy'], {
        shift: shift(),
        fail: { ...shift(), script: 'fail.sh', input: [], output: [] },
      })
    },
  }

  for (const [what, fault] of Object.entries(FAULTS))
    it(`loses nothing and commits nothing twice when ${what}`, async () => {
      const prefix = what.replaceAll(' ', '-')
      const { input, expected } = files(prefix, blobSizes(FILES, prefix.length))
      await lab.upload(input)
      await eventually(async () => (await lab.results(`out/${prefix}-`)).size > BEFORE_FAULT, {
        timeoutMs: MINUTES,
        everyMs: 50,
      })
      await fault()
      assert.deepEqual(await arrive(prefix, expected), expected)
      await eventually(() => checkBooks(prefix, FILES).then(() => true), { timeoutMs: 30_000, everyMs: 500 })
    })

  it('finds what no webhook has told for a minute, and does not run it again when it is told late', async () => {
    // What goes from here to the Service: not the kubelet's probes of the pod, without which new workers would not reach it.
    const { hostname } = new URL(lab.url)
    const rule = ['-p', 'tcp', '--dport', '7700', '-m', 'conntrack', '--ctorigdst', hostname, '-j', 'REJECT']
    const { input, expected } = files('untold', blobSizes(FILES, 7))
    await cluster().run(['iptables', '-I', 'OUTPUT', ...rule])
    const blockedAt = Date.now()
    try {
      await lab.upload(input)
      assert.deepEqual(await arrive('untold', expected, MINUTES), expected)
      await eventually(() => Date.now() - blockedAt >= UNTOLD_MS, { timeoutMs: UNTOLD_MS, everyMs: 500 })
    } finally {
      await cluster().run(['iptables', '-D', 'OUTPUT', ...rule])
    }
    // MinIO tells in the order of events: once this one is told, all before it were.
    const last = files('told', [100])
    await lab.upload(last.input)
    assert.deepEqual(await arrive('told', last.expected), last.expected)
    await checkBooks('untold', FILES)
  })

  it('reports a script that fails as a failure, with its exit code', async () => {
    await lab.serverless(['deploy'], {
      shift: shift(),
      fail: { ...shift(), script: 'fail.sh', input: `lake://${BUCKET}/bad/`, output: [], retries: { attempts: 1 } },
    })
    await lab.client.putObject(BUCKET, 'bad/a', Buffer.from('x'))
    const failed = await eventually(
      async () => (await lab.invocations('story-dev-fail')).find(({ state }) => state === 'failed'),
      { timeoutMs: MINUTES, everyMs: 200 },
    )
    const { cause, tries } = await lab.invocation(failed.id)
    assert.deepEqual([cause, tries.length, tries[0]!.exitCode], ['script-exit', 1, 3])
  })

  it('removes the function with its notification, and leaves the files', async () => {
    await lab.serverless(['remove'], { shift: shift() })
    const rules = (await lab.client.getBucketNotification(BUCKET)) as { QueueConfiguration?: unknown[] }
    assert.equal(rules.QueueConfiguration?.length ?? 0, 0)
    assert.ok((await lab.results('out/mix-')).size === FILES)
  })

  it('uninstalls all that was installed', async () => {
    await lab.uninstall()
    const left = async () => {
      const kinds =
        'deployments,services,secrets,configmaps,persistentvolumeclaims,serviceaccounts,roles,rolebindings,networkpolicies,jobs'
      const own = await cluster().kubectl(
        'get',
        kinds,
        '--all-namespaces',
        '--selector=app.kubernetes.io/name=spillway',
        '-o=name',
      )
      const wide = await cluster().kubectl(
        'get',
        'clusterroles,clusterrolebindings,namespaces',
        '--selector=app.kubernetes.io/name=spillway',
        '-o=name',
      )
      return own + wide
    }
    await eventually(async () => (await left()) === '', {
      timeoutMs: MINUTES,
      everyMs: 500,
      what: 'the end of all objects',
    })
    assert.doesNotMatch(await cluster().kubectl('get', 'namespaces', '-o=name'), /\/lab/)
  })
})
