/** Several dispatchers installed on a cluster, with one PostgreSQL: they are taken away one after the other while files come in, and the books are checked. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { InvocationRecord } from '../../../runtime/contract/dispatcher-api.js'
import { audit, type Result } from '../../support/books.js'
import { eventually } from '../../support/eventually.js'
import { skipWhere } from '../../support/skip-where.js'
import { testCluster } from '../cluster/test-cluster.js'
import { whyNoMinio } from '../programs/minio.js'
import { PASSWORD, postgresServer } from '../programs/postgres.js'
import { whyNoRegistry } from '../programs/registry.js'
import { blowsOn, type Blow, type DispatcherPod } from './blows.js'
import { BUCKET, Lab, NAMESPACE, WORKERS } from './lab.js'

const REPLICAS = 3
const NAME = 'story-dev-work'
const DATABASE = 'lab'
const MINUTES = 60_000

/** Milliseconds between the moment that a claim says and its commit, at most. */
const CLAIM_MS = 1000

/** Of all results: MinIO's client lists versions by the page of a thousand, and signs the second one wrongly. */
const PREFIXES = ['out/late-', ...Array.from({ length: 9 }, (_, digit) => `out/file-${digit + 1}`)]

/** Files that come right after a blow: more than there are workers. */
const LATE = 4

/** Milliseconds between two files. */
const PAUSE_MS = 700
/** One in that many has a script that fails. */
const DOOMED_EVERY = 12

/** Milliseconds from a blow to the results of files that come after it: what stands still is noticed after 15 s; and a margin for a busy machine. */
const TAKEOVER_MS = 60_000

/** From pods too; where a server listens is for its settings to say. */
const FOR_PODS = {
  settings: { listen_addresses: '*', hba_file: 'pg_hba.conf' },
  files: { 'pg_hba.conf': Buffer.from('host all all 0.0.0.0/0 scram-sha-256\n') },
}

/** Of what an installation may put on a cluster, and of what comes of that. */
const KINDS =
  'namespaces,clusterroles,clusterrolebindings,deployments,replicasets,services,secrets,configmaps,persistentvolumeclaims,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,jobs,pods'

describe('several dispatchers on a cluster', function () {
  this.timeout(10 * MINUTES)
  const cluster = testCluster({ own: true })
  skipWhere(() => whyNoMinio() ?? whyNoRegistry())
  const server = postgresServer(FOR_PODS)
  let directory: string
  let lab: Lab
  let atFirst: string[]

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'spillway-replicas-'))
    await server().createDatabase(DATABASE)
    const database = `postgres://spillway@${cluster().facts.gatewayAddress}:${server().port}/${DATABASE}`
    lab = await Lab.open(cluster(), directory, { replicas: REPLICAS, database, password: PASSWORD })
    await eventually(async () => !/Terminating/.test(await cluster().kubectl('get', 'namespaces')), {
      timeoutMs: 2 * MINUTES,
      everyMs: 500,
      what: 'the end of the namespaces of other tests',
    })
    atFirst = await objects()
  })
  after(async () => {
    await lab?.close()
    if (directory) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  })

  /** `namespace kind/name` of everything on the cluster. */
  async function objects(): Promise<string[]> {
    const columns = '--output=custom-columns=:.metadata.namespace,:.kind,:.metadata.name'
    const lines = await cluster().kubectl('get', KINDS, '--all-namespaces', '--no-headers', columns)
    return lines
      .trim()
      .split('\n')
      .map((line) => line.trim().replace(/\s+/g, ' '))
      .toSorted()
  }

  async function readyPods(): Promise<DispatcherPod[]> {
    const { items } = await cluster().kubectlJson<{ items: DispatcherPod[] }>('get', 'pods', '--namespace', NAMESPACE)
    return items.filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    )
  }
  const allReady = () =>
    eventually(
      async () => {
        const pods = await readyPods()
        return pods.length === REPLICAS && pods
      },
      { timeoutMs: 3 * MINUTES, everyMs: 300, what: `${REPLICAS} ready dispatchers` },
    )

  /** What a dispatcher does for all of them, by its own words. */
  async function dutiesOf({ metadata: { name } }: DispatcherPod): Promise<string> {
    const log = await cluster().kubectl('logs', name, '--namespace', NAMESPACE)
    return [...log.matchAll(/this dispatcher has ([^"]+)"/g)].at(-1)?.[1] ?? ''
  }
  const holders = async (duty: string) => {
    const pods = await readyPods()
    const duties = await Promise.all(pods.map(dutiesOf))
    return pods.filter((_, index) => duties[index]!.includes(duty))
  }

  /** Files that come in, and what was said of them. */
  const feed = { attempted: new Set<string>(), acknowledged: new Set<string>(), doomed: new Set<string>() }
  async function put(name: string): Promise<void> {
    feed.attempted.add(name)
    if (name.endsWith('-bad')) feed.doomed.add(name)
    await lab.client.putObject(BUCKET, `in/${name}`, name)
    feed.acknowledged.add(name)
  }
  async function feedUntil(signal: AbortSignal): Promise<void> {
    for (let number = 1; !signal.aborted; number++) {
      await put(`file-${number}${number % DOOMED_EVERY === 0 ? '-bad' : ''}`)
      await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Whichever attempt has made it. */
  const isDone = async (name: string) =>
    (await lab.client.listObjectsV2(BUCKET, `out/${name}.`, true).toArray()).length > 0

  async function becameOf(name: string): Promise<string> {
    const all = await lab.invocations(NAME)
    const one = all.find(({ input }) => input.kind === 'object' && input.event.key === `in/${name}`)
    const duties = await Promise.all((await readyPods()).map(dutiesOf))
    return `${one ? `it is ${one.state}` : 'nobody knows it'}; duties: ${duties.join(' | ')}`
  }

  const { removed, killed, cut, halted } = blowsOn(cluster)
  const BLOWS: Blow[] = [removed, killed, cut, removed, halted, killed]

  /** Every other time it is the one on which the others depend. */
  async function victim(index: number): Promise<DispatcherPod> {
    const pods = await allReady()
    const [holder] = await holders('scale kubernetes')
    const others = pods.filter(({ metadata }) => metadata.uid !== holder?.metadata.uid)
    return index % 2 === 0 && holder ? holder : others[index % others.length]!
  }

  /** Resolves once the files that came after it have their results. */
  async function comeThrough(index: number, blow: Blow): Promise<void> {
    const names = Array.from({ length: LATE }, (_, number) => `late-${index}-${number}`)
    for (const name of names) await put(name)
    for (const name of names)
      await eventually(() => isDone(name), {
        timeoutMs: TAKEOVER_MS,
        everyMs: 50,
        what: `the result of ${name}, which came after a dispatcher was ${blow.name}`,
      }).catch(async (error: Error) => {
        throw new Error(`${error.message}; ${await becameOf(name)}`)
      })
  }

  it('is installed with a database in place of a volume, and with the rights that were asked for', async () => {
    const image = await lab.pushImage()
    await lab.install(image)
    await cluster().kubectl('rollout', 'status', 'deployment/spillway', '--namespace', NAMESPACE, '--timeout=180s')
    await allReady()
    assert.equal(await cluster().kubectl('get', 'persistentvolumeclaims', '--namespace', NAMESPACE, '-o=name'), '')
    const account = `system:serviceaccount:${NAMESPACE}:spillway`
    const may = (verb: string, what: string) =>
      cluster()
        .kubectl('auth', 'can-i', verb, what, '--all-namespaces', `--as=${account}`)
        .then(Boolean, () => false)
    const rights = await Promise.all([may('list', 'pods'), may('watch', 'pods'), may('get', 'secrets')])
    assert.deepEqual(rights, [true, false, false])
    const seesOthers = async () => {
      const { backends } = await lab.get<{ backends: { notes: string[] }[] }>('/v1/backends')
      assert.ok(!backends[0]!.notes.some((note) => /may not be listed/.test(note)), backends[0]!.notes.join('\n'))
      return true
    }
    await eventually(seesOthers, { timeoutMs: MINUTES, everyMs: 500, what: 'the rights that were given' })
  })

  it('loses nothing and does nothing twice while they are taken away in turn', async () => {
    const functions = {
      work: {
        image: lab.image,
        script: 'work.sh',
        memorySize: 128,
        cpu: 0.2,
        ephemeralStorageSize: 64,
        concurrency: 3,
        retries: { attempts: 2, minDelay: 0 },
        input: `lake://${BUCKET}/in/`,
        output: `lake://${BUCKET}/out/`,
      },
    }
    await lab.serverless(['deploy'], functions)
    await lab.client.setBucketVersioning(BUCKET, { Status: 'Enabled' })
    const fed = new AbortController()
    const feeding = feedUntil(fed.signal)
    const takeovers: string[] = []
    try {
      await eventually(() => isDone('file-1'), { timeoutMs: MINUTES, what: 'the first result' })
      for (const [index, blow] of BLOWS.entries()) {
        const struck = await victim(index)
        const since = Date.now()
        await blow.strike(struck)
        await comeThrough(index, blow)
        takeovers.push(`${blow.name} ${Date.now() - since}`)
        await blow.afterwards?.(struck)
      }
      await allReady()
    } finally {
      fed.abort()
      await feeding
    }
    process.stdout.write(
      `        from a blow to the results of files that came after it, in ms: ${takeovers.join(', ')}\n`,
    )
    const invocations = await ended(feed.acknowledged.size)
    assert.deepEqual(audit({ ...feed, invocations, results: await results() }), [])
    const again = invocations.filter(({ record: { tries } }) => tries.some(({ cause }) => cause === 'worker-lost'))
    process.stdout.write(`        ${invocations.length} files, ${again.length} of them lost an attempt\n`)
    for (const { input, record } of invocations) assert.deepEqual(overlaps(record), [], `${input} ran twice at once`)
    const duties = await eventually(async () => {
      const one = await holders('scale kubernetes')
      return one.length > 0 && one
    })
    assert.equal(duties.length, 1, 'one scales the workers')
  })

  /** All of them, once all have ended. */
  async function ended(count: number) {
    const all = await eventually(
      async () => {
        const found = await lab.invocations(NAME)
        return found.length >= count && found.every(({ state }) => /succeeded|failed/.test(state)) && found
      },
      { timeoutMs: 2 * MINUTES, everyMs: 500, what: `the end of ${count} invocations` },
    )
    const records: { input: string; record: InvocationRecord }[] = []
    for (const { id } of all) {
      const record = await lab.invocation(id)
      const outputs = record.outputs.map((output) => ({ ...output, key: output.key.slice('out/'.length) }))
      const input = record.input.kind === 'object' ? record.input.event.key.slice('in/'.length) : 'a request'
      records.push({ input, record: { ...record, outputs } })
    }
    return records
  }

  /** Every version that was ever published. */
  async function results(): Promise<Result[]> {
    const versions = new Map<string, number>()
    for (const { name } of (await Promise.all(PREFIXES.map(versionsBelow))).flat())
      versions.set(name, (versions.get(name) ?? 0) + 1)
    const read = async (key: string) => (await text(await lab.client.getObject(BUCKET, key))).trim()
    const found: Result[] = []
    for (const [key, count] of versions)
      found.push({ name: key.slice('out/'.length), content: await read(key), versions: count })
    return found
  }

  const versionsBelow = (prefix: string): Promise<{ name: string }[]> =>
    lab.client.listObjects(BUCKET, prefix, true, { IncludeVersion: true }).toArray()

  /** Attempts that began before the one before them had ended, give or take the time for which a claim waits in the database. */
  const overlaps = ({ tries }: InvocationRecord): number[] =>
    tries
      .filter(({ startedAt }, index) => index > 0 && startedAt + CLAIM_MS < (tries[index - 1]!.endedAt ?? Infinity))
      .map(({ number }) => number)

  it('is uninstalled with all that it brought, and nothing else', async () => {
    const own = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'not-ours', namespace: 'default' } }
    await cluster().apply(own)
    try {
      await lab.serverless(['remove'], { work: { image: lab.image, script: 'work.sh' } })
      const said = await lab.uninstall()
      assert.match(said, new RegExp(`^PodDisruptionBudget ${NAMESPACE}/spillway: removed$`, 'm'))
      assert.match(said, /^ClusterRole lab-spillway-nodes: removed$/m)
      const expected = [...atFirst, 'default ConfigMap not-ours'].toSorted()
      const difference = async () => {
        const now = await objects()
        return [now.filter((one) => !expected.includes(one)), expected.filter((one) => !now.includes(one))]
      }
      await eventually(
        async () => {
          const [more, less] = await difference()
          if (more!.length + less!.length > 0) throw new Error(JSON.stringify({ more, less }))
          return true
        },
        { timeoutMs: 2 * MINUTES, everyMs: 1000, what: `no trace of ${NAMESPACE} and ${WORKERS}` },
      )
    } finally {
      await cluster().kubectl('delete', 'configmap', 'not-ours', '--namespace', 'default')
    }
  })
})
