/** From accepted to the first line of the script, on an idle warm worker in a pod; and what that costs the API server. */
import type { BackendStatus } from '../../runtime/contract/dispatcher-api.js'
import { glibcRoot } from '../support/containers/root-directories.js'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { figure, quantile, type Bench } from './figure.js'
import { onCluster } from './on-cluster.js'

const TIMES = 1000
const FUNCTION = 'bench-dev-clock'

/** Seconds with microseconds, without another process. */
const SCRIPT = '#!/bin/bash\necho "$EPOCHREALTIME"\n'

export const kubernetesLatency: Bench = {
  name: 'kubernetes-latency',
  about: `accepted -> script started on an idle warm worker in a pod, ${TIMES} times, and calls to the cluster meanwhile`,
  run: () =>
    onCluster(async ({ bench, start }) => {
      const image = await bench.image('debian', glibcRoot, { WorkingDir: '/tmp/work' })
      const dispatcher = await start()
      const before = await callsOf(dispatcher)
      await dispatcher.put(FUNCTION, SCRIPT, { image, cpu: 1, memorySize: 256, concurrency: 1 })
      const waits: number[] = []
      for (let time = 0; time < TIMES; time++) {
        const { acceptedAt, result } = await dispatcher.invokeAndWait(FUNCTION)
        waits.push(Number(result!.body) * 1000 - acceptedAt)
      }
      const warm = waits.slice(20)
      const calls = (await callsOf(dispatcher)) - before
      return [
        figure({ name: 'accepted -> script started, p50', value: quantile(warm, 0.5), unit: 'ms' }, { atMost: 30 }),
        figure({ name: 'accepted -> script started, p99', value: quantile(warm, 0.99), unit: 'ms' }, { atMost: 100 }),
        figure(
          { name: 'calls to the cluster per 1,000', value: (calls * 1000) / TIMES, unit: 'calls' },
          { atMost: 50 },
        ),
      ]
    }),
}

async function callsOf(dispatcher: DispatcherProcess): Promise<number> {
  const { body } = await dispatcher.call<{ backends: BackendStatus[] }>('GET', '/v1/backends')
  return body.backends[0]?.calls ?? 0
}
