import assert from 'node:assert/strict'
import { compileJob, compileSecret } from '../../../../../dispatcher/backends/kubernetes/pod/compile.js'
import type { WorkerToCompile } from '../../../../../dispatcher/backends/kubernetes/pod/worker.js'
import { specOf } from '../spec.js'

const COMMAND = [
  '/opt/spillway/lib/ld',
  '--library-path',
  '/opt/spillway/lib',
  '/opt/spillway/bin/node',
  '/opt/spillway/supervisor.cjs',
]
const WORKER = '11111111-2222-4333-8444-0c2f9a7be110'

function workerOf(raw: Record<string, unknown> = {}, more: Partial<WorkerToCompile> = {}): WorkerToCompile {
  return {
    worker: WORKER,
    function: 'plants-dev-classify',
    release: 3,
    spec: specOf(raw),
    image: 'registry.example.org/spillway/workers@sha256:1',
    facts: { environment: { PATH: '/bin' } },
    runAs: { user: 1000, allowRoot: false },
    kit: { way: 'derived', command: COMMAND },
    place: {
      namespace: 'plants',
      instance: 'abc',
      dispatcherUrl: 'http://spillway.plants.svc:7700',
      imagePullSecrets: [],
    },
    ...more,
  }
}

const onNodesOf = (architecture: string) => {
  const matchExpressions = [{ key: 'kubernetes.io/arch', operator: 'In', values: [architecture] }]
  return {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  }
}

const compile = (raw: Record<string, unknown> = {}, more: Partial<WorkerToCompile> = {}) => {
  const job = compileJob(workerOf(raw, more))
  const pod = job.spec!.template
  return { job, metadata: pod.metadata!, pod: pod.spec!, main: pod.spec!.containers[0]! }
}
const variables = (raw: Record<string, unknown>, more: Partial<WorkerToCompile> = {}) =>
  Object.fromEntries(
    (compile(raw, more).main.env ?? []).map(({ name, value, valueFrom }) => [name, value ?? valueFrom]),
  )

describe('kubernetes: the objects of a worker', () => {
  it('are these, and nothing else', () =>
    assert.deepEqual(compileJob(workerOf({ memorySize: 2048, cpu: 1.5, ephemeralStorageSize: 1024 })), {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: 'plants-dev-classify-0c2f9a7be110',
        namespace: 'plants',
        labels: LABELS,
        annotations: { 'spillway/function': 'plants-dev-classify' },
      },
      spec: {
        backoffLimit: 0,
        podReplacementPolicy: 'Failed',
        ttlSecondsAfterFinished: 120,
        template: {
          metadata: {
            labels: LABELS,
            annotations: {
              'spillway/function': 'plants-dev-classify',
              'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
              'karpenter.sh/do-not-disrupt': 'true',
            },
          },
          spec: {
            restartPolicy: 'Never',
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 15,
            affinity: onNodesOf('amd64'),
            containers: [
              {
                name: 'worker',
                image: 'registry.example.org/spillway/workers@sha256:1',
                command: COMMAND,
                workingDir: '/',
                env: [
                  { name: 'AWS_LAMBDA_RUNTIME_API', value: 'http://spillway.plants.svc:7700' },
                  {
                    name: 'SPILLWAY_START_TOKEN',
                    valueFrom: { secretKeyRef: { name: 'plants-dev-classify-0c2f9a7be110', key: 'start-token' } },
                  },
                  { name: 'SPILLWAY_SCRATCH', value: '/mnt/spillway/scratch' },
                  { name: 'HOME', value: '/mnt/spillway' },
                ],
                resources: {
                  requests: { cpu: '1500m', memory: '2048Mi', 'ephemeral-storage': '1088Mi' },
                  limits: { cpu: '1500m', memory: '2048Mi', 'ephemeral-storage': '1088Mi' },
                },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ['ALL'] },
                  seccompProfile: { type: 'RuntimeDefault' },
                  runAsNonRoot: true,
                  runAsUser: 1000,
                },
                terminationMessagePolicy: 'FallbackToLogsOnError',
              },
            ],
          },
        },
      },
    }))

  it('have a Secret that goes with the Job', () => {
    const job = compileJob(workerOf())
    assert.deepEqual(compileSecret({ token: 'sesame', job, uid: 'u-1' }), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'plants-dev-classify-0c2f9a7be110',
        namespace: 'plants',
        labels: LABELS,
        ownerReferences: [
          {
            apiVersion: 'batch/v1',
            kind: 'Job',
            name: 'plants-dev-classify-0c2f9a7be110',
            uid: 'u-1',
            blockOwnerDeletion: false,
          },
        ],
      },
      immutable: true,
      type: 'Opaque',
      data: { 'start-token': Buffer.from('sesame').toString('base64') },
    })
  })

  describe('take over each key of a function', () => {
    it('GPUs', () => {
      const { main } = compile({ gpu: { count: 2, resource: 'amd.com/gpu' } })
      assert.equal(main.resources?.limits?.['amd.com/gpu'], '2')
      assert.equal(main.resources?.requests?.['amd.com/gpu'], '2')
    })

    it('architecture', () => {
      const { pod } = compile({ architecture: 'arm64' })
      assert.deepEqual(pod.affinity, onNodesOf('arm64'))
      assert.equal(pod.nodeSelector, undefined, 'CLUES would take it for an expression')
    })

    it('where and how pods are placed', () => {
      const tolerations = [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }]
      const { pod } = compile({
        kubernetes: { nodeSelector: { disk: 'ssd' }, tolerations, priorityClass: 'low', runtimeClass: 'gvisor' },
      })
      assert.deepEqual(pod.nodeSelector, { disk: 'ssd' })
      assert.deepEqual(pod.tolerations, tolerations)
      assert.deepEqual([pod.priorityClassName, pod.runtimeClassName], ['low', 'gvisor'])
    })

    it('imagePullSecrets, those of the configuration first, each once', () => {
      const place = { ...workerOf().place, imagePullSecrets: ['ours', 'both'] }
      const { pod } = compile({ kubernetes: { imagePullSecrets: ['both', 'mine'] } }, { place })
      assert.deepEqual(pod.imagePullSecrets, [{ name: 'ours' }, { name: 'both' }, { name: 'mine' }])
    })

    it('a queue of Kueue, as a label of the Job alone', () => {
      const { job, metadata } = compile({ kubernetes: { queueName: 'team' } })
      assert.equal(job.metadata?.labels?.['kueue.x-k8s.io/queue-name'], 'team')
      assert.equal(metadata.labels?.['kueue.x-k8s.io/queue-name'], undefined)
    })

    it('overrides for Kubernetes', () => {
      const { main } = compile({ memorySize: 512, kubernetes: { memorySize: 4096 } })
      assert.deepEqual([main.resources?.limits?.memory, main.resources?.limits?.cpu], ['4096Mi', '2400m'])
    })

    it('secrets, by reference', () =>
      assert.deepEqual(variables({ secrets: [{ env: 'API_KEY', from: 'plants-keys/api' }] }).API_KEY, {
        secretKeyRef: { name: 'plants-keys', key: 'api' },
      }))

    it('isolation: a pod for one attempt ends in any case', () => {
      assert.equal(compile({ isolation: 'fresh', timeout: 100 }).pod.activeDeadlineSeconds, 3700)
      assert.equal(compile({ timeout: 100 }).pod.activeDeadlineSeconds, undefined)
    })

    it('the environment never: it goes with the function itself', () =>
      assert.equal(variables({ environment: { COLOUR: 'blue' } }).COLOUR, undefined))
  })

  describe('take over what the image says', () => {
    it('a user of its own keeps its own home', () =>
      assert.equal(variables({}, { runAs: { allowRoot: false } }).HOME, undefined))

    it('a home that it names stays', () =>
      assert.equal(variables({}, { facts: { environment: { HOME: '/home/app' } } }).HOME, undefined))

    it('variables that would steer the supervisor are hidden from it', () => {
      const facts = { environment: { LD_PRELOAD: 'x.so', NODE_OPTIONS: '--inspect', LANG: 'C' } }
      const found = variables({}, { facts })
      assert.deepEqual([found.LD_PRELOAD, found.NODE_OPTIONS, found.LANG], ['', '', undefined])
    })

    it('an image that nobody here could read starts where it says itself', () => {
      const { facts: _, ...unread } = workerOf()
      assert.equal(compileJob(unread).spec?.template.spec?.containers[0]?.workingDir, undefined)
    })
  })

  describe('bring the kit', () => {
    it('as an image volume', () => {
      const { pod, main } = compile({}, { kit: { way: 'image-volume', image: 'kit:1', command: COMMAND } })
      assert.deepEqual(pod.volumes, [
        { name: 'scratch', emptyDir: { sizeLimit: '512Mi' } },
        { name: 'kit', image: { reference: 'kit:1', pullPolicy: 'IfNotPresent' } },
      ])
      assert.deepEqual(main.volumeMounts, [
        { name: 'scratch', mountPath: '/mnt/spillway' },
        { name: 'scratch', mountPath: '/tmp', subPath: 'tmp' },
        { name: 'kit', mountPath: '/mnt/kit', readOnly: true },
      ])
      assert.deepEqual(
        main.command,
        COMMAND.map((word) => word.replace(/^\/opt/, '/mnt/kit/opt')),
      )
      assert.equal(pod.initContainers, undefined)
    })

    it('by an init container, which has the rights and the size of the worker', () => {
      const { pod, main } = compile({}, { kit: { way: 'init-container', image: 'kit:1', command: COMMAND } })
      assert.deepEqual(pod.volumes?.at(-1), { name: 'kit', emptyDir: { sizeLimit: '256Mi' } })
      assert.deepEqual(main.volumeMounts?.at(-1), { name: 'kit', mountPath: '/opt/spillway', readOnly: true })
      const [init] = pod.initContainers ?? []
      assert.equal(init?.image, 'kit:1')
      assert.deepEqual(init?.command, [
        ...COMMAND.slice(0, -1),
        '-e',
        "require('node:fs').cpSync('/opt/spillway', '/mnt/kit', { recursive: true })",
      ])
      assert.deepEqual(init?.securityContext, main.securityContext)
      assert.deepEqual(init?.resources, main.resources)
      assert.equal(main.resources?.limits?.['ephemeral-storage'], '832Mi')
    })
  })
})

const LABELS = {
  'app.kubernetes.io/managed-by': 'spillway',
  'app.kubernetes.io/component': 'worker',
  'spillway/instance': 'abc',
  'spillway/worker': WORKER,
  'spillway/function': 'plants-dev-classify',
  'spillway/release': '3',
}
