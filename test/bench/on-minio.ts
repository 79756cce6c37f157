/** A MinIO server beside the cluster of the tests, which reports new files to the dispatcher of a benchmark. */
import type { Client } from 'minio'
import { MinioServer, whyNoMinio } from '../real/programs/minio.js'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { urlOf } from '../support/kubernetes-workbench.js'
import { skipped, type Figure } from './figure.js'
import { onCluster, type OnCluster } from './on-cluster.js'

export interface OnMinio extends Pick<OnCluster, 'bench'> {
  client: Client
  /** With the server as its storage `lake`. */
  start(kubernetes?: Record<string, unknown>): Promise<DispatcherProcess>
}

const EVENTS_TOKEN = 'token-of-minio'

export async function onMinio(measure: (on: OnMinio) => Promise<Figure[]>): Promise<Figure[]> {
  const why = whyNoMinio()
  if (why !== undefined) return skipped(why)
  return onCluster(async ({ bench, start }) => {
    const { cluster } = bench
    const webhook = { endpoint: `${urlOf(cluster)}/v1/events`, token: EVENTS_TOKEN }
    const minio = await MinioServer.start({ host: cluster.facts.gatewayAddress, webhooks: [webhook] })
    const environment = { ...minio.environment('lake'), SPILLWAY_TOKENS_EVENTS: EVENTS_TOKEN }
    try {
      return await measure({
        bench,
        client: minio.client(),
        start: (kubernetes) => start(kubernetes, { storage: { lake: minio.storage } }, environment),
      })
    } finally {
      await minio.stop()
    }
  })
}
