/** Jobs of the tests that pass Pod Security "restricted". */
import assert from 'node:assert/strict'
import { eventually } from '../../support/eventually.js'
import type { Cluster } from './cluster.js'

export const BUSYBOX = 'localhost/spillway-test/busybox:1'

export interface TestJob {
  namespace: string
  name: string
  /** For `/bin/sh -c`. */
  line: string
  image?: string
  pullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
}

export function restrictedPod({ line, image = BUSYBOX, pullPolicy = 'IfNotPresent' }: TestJob) {
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    dnsPolicy: 'Default',
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'main',
        image,
        imagePullPolicy: pullPolicy,
        command: ['/bin/sh', '-c', line],
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  }
}

export const job = (of: TestJob) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: of.name, namespace: of.namespace },
  spec: { backoffLimit: 0, template: { spec: restrictedPod(of) } },
})

/** Resolves to its log when it succeeded; fails with what its pod says otherwise. */
export async function runJob(cluster: Cluster, of: TestJob): Promise<string> {
  await cluster.apply(job(of))
  return logOf(cluster, of)
}

/** The same for a job that was created already. */
export async function logOf(cluster: Cluster, of: Pick<TestJob, 'namespace' | 'name'>): Promise<string> {
  const { namespace, name } = of
  try {
    const options = { timeoutMs: 40_000, everyMs: 200, what: `the end of job ${name}` }
    assert.equal(await eventually(() => endOf(cluster, of), options), 'Complete')
    return await cluster.kubectl('logs', '--namespace', namespace, `job/${name}`)
  } catch (error) {
    const pods = ['--namespace', namespace, '--selector', `job-name=${name}`]
    const words = [
      await cluster.kubectl('logs', ...pods).catch(String),
      await cluster.kubectl('describe', 'pods', ...pods),
    ]
    throw new Error(`job ${name}: ${String(error)}\n${words.join('\n')}`, { cause: error })
  }
}

interface JobStatus {
  status: { conditions?: { type: string; status: string }[] }
}

async function endOf(
  cluster: Cluster,
  { namespace, name }: Pick<TestJob, 'namespace' | 'name'>,
): Promise<string | undefined> {
  const { status } = await cluster.kubectlJson<JobStatus>('get', 'job', name, '--namespace', namespace)
  return status.conditions?.find(({ type, status }) => /^(Complete|Failed)$/.test(type) && status === 'True')?.type
}
