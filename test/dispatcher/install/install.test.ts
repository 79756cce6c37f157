/** Installing, installing again, and taking away; against a cluster in memory. The real one has a test of its own. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { CommandCall } from '../../../dispatcher/commands/command.js'
import { install as command } from '../../../dispatcher/commands/install.js'
import { SILENT_MS } from '../../../dispatcher/database/postgres/pulse.js'
import { checkReplicas } from '../../../dispatcher/install/check-replicas.js'
import { completeFile } from '../../../dispatcher/install/dispatcher-file.js'
import { install } from '../../../dispatcher/install/install.js'
import type { Manifest } from '../../../dispatcher/install/manifest.js'
import { manifests } from '../../../dispatcher/install/manifests.js'
import type { InstallPlan } from '../../../dispatcher/install/plan.js'
import { render } from '../../../dispatcher/install/render.js'
import { uninstall } from '../../../dispatcher/install/uninstall.js'
import { instanceOf } from '../../../dispatcher/backends/kubernetes/names.js'
import { FakeTarget } from '../../support/fake-target.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const PLACE = {
  name: 'spillway',
  namespace: 'lab',
  workers: 'lab-workers',
  image: 'registry.example.org/spillway@sha256:0',
}
const LAKE = { storage: { lake: { type: 'minio', endpoint: 'http://minio.example.org:9000' } } }
const KEYS = { SPILLWAY_STORAGE_LAKE_ACCESS_KEY: 'user', SPILLWAY_STORAGE_LAKE_SECRET_KEY: 'secret', HOME: '/root' }

const planFor = (changes: Partial<InstallPlan> = {}): InstallPlan => ({
  ...PLACE,
  file: completeFile(LAKE, PLACE),
  replicas: 1,
  storage: '1Gi',
  readNodes: true,
  readPods: false,
  imagePullSecrets: [],
  ...changes,
})

interface DeploymentSpec {
  replicas: number
  strategy: object
  selector: { matchLabels: object }
  template: { spec: { volumes: { name: string }[] } }
}

interface Probe {
  periodSeconds: number
  timeoutSeconds: number
  failureThreshold: number
}

describe('install', () => {
  const directory = temporaryDirectory()
  let target: FakeTarget
  let said: string[]

  beforeEach(() => {
    target = new FakeTarget()
    said = []
  })

  const say = (line: string) => void said.push(line)
  const put = (
    changes: Partial<InstallPlan> = {},
    { environment = KEYS as Record<string, string>, dryRun = false } = {},
  ) => install({ plan: planFor(changes), target, environment, dryRun, say })
  const take = (options: { keepRecord?: boolean; dryRun?: boolean } = {}) =>
    uninstall({ identity: PLACE, keepRecord: false, dryRun: false, target, say, ...options })
  const secrets = () => {
    const { data = {} } = target.objects.get('Secret lab/spillway-secrets')!
    return Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
    )
  }

  it('keeps the dispatcher on nodes of its architecture, where it is told which that is', () => {
    const nodeSelector = (changes: Partial<InstallPlan>) => {
      const { spec } = manifests(planFor(changes)).find(({ kind }) => kind === 'Deployment')!
      return (spec as { template: { spec: { nodeSelector?: object } } }).template.spec.nodeSelector
    }
    assert.deepEqual(nodeSelector({ architecture: 'arm64' }), { 'kubernetes.io/arch': 'arm64' })
    assert.equal(nodeSelector({}), undefined)
  })

  it('gives a dispatcher time to say that it is ready, and no more than the others give it', () => {
    const { spec } = manifests(planFor()).find(({ kind }) => kind === 'Deployment')!
    const [container] = (spec as { template: { spec: { containers: Record<string, Probe>[] } } }).template.spec
      .containers
    const { timeoutSeconds, periodSeconds, failureThreshold } = container!.readinessProbe!
    assert.equal(timeoutSeconds, 5)
    assert.ok(periodSeconds * (failureThreshold + 1) * 1000 <= SILENT_MS)
  })

  it('puts everything there, and changes nothing the second time', async () => {
    await put()
    assert.ok(
      said.every((line) => line.endsWith(': created')),
      said.join('\n'),
    )
    said.length = 0
    await put()
    assert.ok(
      said.every((line) => line.endsWith(': as it was')),
      said.join('\n'),
    )
  })

  it('makes up tokens once, keeps them, and takes keys of storages from the environment', async () => {
    await put()
    const first = secrets()
    assert.deepEqual(Object.keys(first).toSorted(), [
      'SPILLWAY_STORAGE_LAKE_ACCESS_KEY',
      'SPILLWAY_STORAGE_LAKE_SECRET_KEY',
      'SPILLWAY_TOKENS_EVENTS',
      'SPILLWAY_TOKENS_USER',
      'SPILLWAY_WORKER_SECRET',
    ])
    assert.match(first.SPILLWAY_TOKENS_USER!, /^[0-9a-f]{64}$/)
    await put({}, { environment: { SPILLWAY_TOKENS_USER: 'mine' } })
    assert.deepEqual(secrets(), { ...first, SPILLWAY_TOKENS_USER: 'mine' })
  })

  it('gives the dispatcher its file, with what only the installation knows', async () => {
    await put()
    const file = parse(target.objects.get('ConfigMap lab/spillway-config')!.data!['dispatcher.yml']!) as object
    assert.deepEqual(file, {
      ...LAKE,
      listen: '0.0.0.0:7700',
      stateDirectory: '/var/lib/spillway',
      backends: {
        kubernetes: {
          dispatcherUrl: 'http://spillway.lab.svc:7700',
          kitImage: PLACE.image,
          namespace: 'lab-workers',
        },
      },
    })
  })

  it('refuses a file with which the dispatcher would not start, and touches nothing', async () => {
    await assert.rejects(put({}, { environment: {} }), /SPILLWAY_STORAGE_LAKE_ACCESS_KEY/)
    const file = completeFile({ ...LAKE, leas: 3 }, PLACE)
    await assert.rejects(put({ file }), /leas.*lease/s)
    assert.equal(target.objects.size, 0)
  })

  it('keeps nothing in a dry run, and says what it would do', async () => {
    await put({}, { dryRun: true })
    assert.equal(target.objects.size, 0)
    assert.ok(
      said.every((line) => line.endsWith('would be created')),
      said.join('\n'),
    )
    await put()
    said.length = 0
    await put({ storage: '2Gi' }, { dryRun: true })
    assert.deepEqual(
      said.filter((line) => !line.endsWith('as it was')),
      ['PersistentVolumeClaim lab/spillway-state: would be changed'],
    )
  })

  it('leaves the labels of a namespace that was there, and the namespace when it goes', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab', labels: { team: 'plants' } } }
    target.objects.set('Namespace lab', namespace)
    await put()
    assert.deepEqual(target.objects.get('Namespace lab'), namespace)
    await take()
    assert.deepEqual([...target.objects.keys()], ['Namespace lab'])
  })

  it('takes away all of it, workers too, and nothing of others', async () => {
    await put()
    await put({ name: 'other', namespace: 'elsewhere', workers: 'lab-workers' })
    const labels = (instance: string) => ({
      'app.kubernetes.io/managed-by': 'spillway',
      'app.kubernetes.io/component': 'worker',
      'spillway/instance': instance,
    })
    const job = (name: string, instance: string) =>
      target.objects.set(`Job lab-workers/${name}`, {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name, namespace: 'lab-workers', uid: name, labels: labels(instance) },
      })
    job('mine', instanceOf(Buffer.from(secrets().SPILLWAY_WORKER_SECRET!)))
    job('theirs', 'somebody-else')
    await take({ dryRun: true })
    assert.ok(target.objects.has('Deployment lab/spillway'))
    await take()
    const left = [...target.objects.keys()]
    assert.ok(left.includes('Job lab-workers/theirs') && left.includes('Deployment elsewhere/other'))
    assert.ok(left.includes('Namespace lab-workers'), 'somebody else has something in it')
    assert.deepEqual(
      left.filter((key) => / lab\//.test(key) || key === 'Namespace lab'),
      [],
    )
    assert.ok(!left.includes('Job lab-workers/mine'))
    assert.equal(await take(), 0)
  })

  it('leaves the record when it is asked to', async () => {
    await put()
    await take({ keepRecord: true })
    assert.deepEqual([...target.objects.keys()].toSorted(), [
      'Namespace lab',
      'PersistentVolumeClaim lab/spillway-state',
    ])
  })

  it('installs several pods that share a database: no volume, one by one, never all evicted at once', async () => {
    const file = completeFile({ ...LAKE, database: 'postgres://spillway@db/lab' }, PLACE)
    await put({ replicas: 3, file })
    assert.ok(!target.objects.has('PersistentVolumeClaim lab/spillway-state'))
    const { spec } = target.objects.get('Deployment lab/spillway') as unknown as { spec: DeploymentSpec }
    assert.equal(spec.replicas, 3)
    assert.deepEqual(spec.strategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } })
    assert.deepEqual(
      spec.template.spec.volumes.find(({ name }) => name === 'state'),
      { name: 'state', emptyDir: {} },
    )
    const budget = target.objects.get('PodDisruptionBudget lab/spillway') as unknown as { spec: object }
    assert.deepEqual(budget.spec, { maxUnavailable: 1, selector: { matchLabels: spec.selector.matchLabels } })
    await take()
    assert.deepEqual([...target.objects.keys()], [])
  })

  it('refuses several pods with what they cannot share, all of it at once', () => {
    const file = { storage: { here: { type: 'directory', path: '/data' }, ...LAKE.storage } }
    assert.throws(() => checkReplicas(2, file), {
      code: 'invalid-configuration',
      message: /--replicas 2.*SQLite file takes one dispatcher.*storage\.here must not be a folder/s,
    })
    checkReplicas(1, file)
    checkReplicas(2, { ...LAKE, database: 'postgres://spillway@db/lab' })
  })

  it('asks for no more rights than the back-end needs', () => {
    const rules = manifests(planFor({ readNodes: false })).flatMap((manifest) => (manifest.rules as object[]) ?? [])
    assert.deepEqual(rules, [
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'list', 'delete'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      { apiGroups: [''], resources: ['events'], verbs: ['list'] },
    ])
  })

  it('lets the dispatcher see whether nodes live, where it may list them', () => {
    const seen = (readNodes: boolean) =>
      manifests(planFor({ readNodes }))
        .filter(({ metadata }) => metadata?.namespace === 'kube-node-lease')
        .map(({ kind, rules }) => [kind, rules])
    const rules = [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get'] }]
    assert.deepEqual(seen(true), [
      ['Role', rules],
      ['RoleBinding', undefined],
    ])
    assert.deepEqual(seen(false), [])
  })

  it('lets the dispatcher see pods of others only where that is asked for', () => {
    const wide = (changes: Partial<InstallPlan>) =>
      manifests(planFor(changes)).find(({ kind }) => kind === 'ClusterRole')?.rules
    assert.deepEqual(wide({}), [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }])
    assert.deepEqual(wide({ readPods: true }), [{ apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['list'] }])
  })

  it('refuses to see pods of others without the nodes', () =>
    assert.rejects(
      command.run({
        values: { image: 'i', 'no-nodes': true, 'read-pods': true },
        environment: {},
        print: () => undefined,
        say: () => undefined,
      } as unknown as CommandCall),
      { code: 'invalid-configuration', message: /--read-pods is of no use with --no-nodes/ },
    ))

  it('writes the same objects as a base for Kustomize, without secrets', () => {
    const plan = planFor({ ingress: { host: 'spillway.example.org', className: 'nginx', tlsSecret: 'cert' } })
    const files = render(plan, directory())
    const read = (name: string) => readFileSync(join(directory(), name), 'utf8')
    const { resources, configMapGenerator } = parse(read('kustomization.yaml')) as Kustomization
    assert.deepEqual(files, ['kustomization.yaml', ...resources, 'dispatcher.yml'])
    const objects = resources.map((name) => parse(read(name)) as object)
    const isConfig = ({ kind }: Manifest) => kind === 'ConfigMap'
    const all = manifests(plan)
    assert.deepEqual(objects, JSON.parse(JSON.stringify(all.filter((manifest) => !isConfig(manifest)))))
    const { metadata, data } = all.find(isConfig)!
    const { name, namespace, labels } = metadata!
    assert.deepEqual(configMapGenerator, [{ name, namespace, options: { labels }, files: ['dispatcher.yml'] }])
    assert.deepEqual({ 'dispatcher.yml': read('dispatcher.yml') }, data)
    assert.ok(!JSON.stringify(objects).includes('"Secret"'))
  })
})

interface Kustomization {
  resources: string[]
  configMapGenerator: object[]
}
