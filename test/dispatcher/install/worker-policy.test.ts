/** The NetworkPolicy of an installation, held against the pods that the back-end makes. */
import assert from 'node:assert/strict'
import { compileJob } from '../../../dispatcher/backends/kubernetes/pod/compile.js'
import { manifests } from '../../../dispatcher/install/manifests.js'
import type { InstallPlan } from '../../../dispatcher/install/plan.js'
import { releaseOf } from '../backends/kubernetes/spec.js'

const PLAN: Omit<InstallPlan, 'readPods'> = {
  name: 'spillway',
  namespace: 'lab',
  workers: 'lab-workers',
  image: 'r.example.org/spillway:1',
  file: {},
  replicas: 1,
  storage: '1Gi',
  readNodes: true,
  imagePullSecrets: [],
}

type Labels = Record<string, string>

describe('the policy for the network of workers', () => {
  const find = (kind: string) => manifests(PLAN as InstallPlan).find((manifest) => manifest.kind === kind)!
  const policy = find('NetworkPolicy')
  const { podSelector, ...rest } = policy.spec as { podSelector: { matchLabels: Labels } }
  const selects = (labels: Labels) =>
    Object.entries(podSelector.matchLabels).every(([name, value]) => labels[name] === value)

  it('selects every pod of a worker, where it runs', () => {
    const { function: name, number, spec } = releaseOf({ kubernetes: { queueName: 'team' } })
    const place = {
      namespace: PLAN.workers,
      instance: 'abc',
      dispatcherUrl: 'http://spillway.lab.svc:7700',
      imagePullSecrets: [],
    }
    const made = { image: 'i', kit: { way: 'derived', command: ['node'] }, runAs: { allowRoot: false } } as const
    const job = compileJob({ worker: 'w', function: name, release: number, spec, place, ...made })
    assert.equal(policy.metadata!.namespace, job.metadata!.namespace)
    assert.ok(selects(job.spec!.template.metadata!.labels!))
  })

  it('leaves the dispatcher alone', () => {
    const { template } = find('Deployment').spec as { template: { metadata: { labels: Labels } } }
    assert.ok(!selects(template.metadata.labels))
  })

  it('lets nobody in, and stops nobody who wants out', () =>
    assert.deepEqual(rest, { policyTypes: ['Ingress'], ingress: [] }))
})
