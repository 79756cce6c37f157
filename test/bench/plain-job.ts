/** The yardstick: a plain Job for one piece of work, made over the API of the cluster as other systems do. */
import { randomUUID } from 'node:crypto'
import type { V1Job } from '@kubernetes/client-node'
import { connect } from '../../dispatcher/backends/kubernetes/cluster/connect.js'
import type { Cluster as Api } from '../../dispatcher/backends/kubernetes/cluster/cluster.js'
import type { Workbench } from '../support/kubernetes-workbench.js'

export interface PlainJob {
  image: string
  /** For `/bin/sh -c`. */
  line: string
  cpu: string
  memory: string
  /** Without what a pod has by default and ours do without: the token of a ServiceAccount, and variables for every Service. */
  lean: boolean
}

export async function plainJobs({ cluster, namespace }: Workbench): Promise<{ api: Api; make: Make }> {
  const context = (await cluster.kubectl('config', 'current-context')).trim()
  const api = await connect({ context, namespace })
  return { api, make: async (job) => (await api.createJob(manifest(job))).name }
}

export type Make = (job: PlainJob) => Promise<string>

/** With all that Pod Security "restricted" asks for, as ours has it. */
function manifest({ image, line, cpu, memory, lean }: PlainJob): V1Job {
  const amounts = { cpu, memory }
  const without = { automountServiceAccountToken: false, enableServiceLinks: false }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `plain-${randomUUID().slice(0, 8)}`, labels: { plain: 'job' } },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels: { plain: 'job' } },
        spec: {
          restartPolicy: 'Never',
          ...(lean ? without : {}),
          containers: [
            {
              name: 'main',
              image,
              imagePullPolicy: 'IfNotPresent',
              command: ['/bin/sh', '-c', line],
              resources: { requests: amounts, limits: amounts },
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
                seccompProfile: { type: 'RuntimeDefault' },
                runAsNonRoot: true,
                runAsUser: 1000,
              },
            },
          ],
        },
      },
    },
  }
}
