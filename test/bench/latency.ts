/** From accepted to the first line of the script, on an idle warm worker. */
import { figure, quantile, type Bench } from './figure.js'
import { withDispatcher } from './with-dispatcher.js'

const TIMES = 300

/** `date` itself takes a millisecond or two; it is part of the figure. */
const SCRIPT = '#!/bin/sh\ndate +%s%N\n'

export const latency: Bench = {
  name: 'latency',
  about: `accepted -> script started on an idle warm worker, ${TIMES} times`,
  run: () =>
    withDispatcher(async (dispatcher) => {
      await dispatcher.put('bench-dev-clock', SCRIPT, { concurrency: 1 })
      const waits: number[] = []
      for (let time = 0; time < TIMES + 20; time++) {
        const { acceptedAt, result } = await dispatcher.invokeAndWait('bench-dev-clock')
        if (time >= 20) waits.push(Number(result!.body) / 1e6 - acceptedAt)
      }
      return [
        figure({ name: 'accepted -> script started, p50', value: quantile(waits, 0.5), unit: 'ms' }, { atMost: 10 }),
        figure({ name: 'accepted -> script started, p99', value: quantile(waits, 0.99), unit: 'ms' }, { atMost: 50 }),
      ]
    }),
}
