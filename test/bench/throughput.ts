/** 400 tasks of 100 ms on 2 slots, beside `xargs -P 2` running the same script. */
import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { figure, type Bench } from './figure.js'
import { withDispatcher } from './with-dispatcher.js'

const TASKS = 400
const SLOTS = 2
const SCRIPT = '#!/bin/sh\nsleep 0.1\n'

export const throughput: Bench = {
  name: 'throughput',
  about: `${TASKS} tasks of 100 ms on ${SLOTS} slots; beside xargs -P ${SLOTS} running the same script`,
  run: () =>
    withDispatcher(
      async (dispatcher, directory) => {
        await dispatcher.put('bench-dev-sleep', SCRIPT)
        await dispatcher.invokeAndWait('bench-dev-sleep')
        const started = Date.now()
        const accepted = await Promise.all(Array.from({ length: TASKS }, () => dispatcher.invoke('bench-dev-sleep')))
        // Waiting for one after the other costs the dispatcher nothing; listing all of them again and again would.
        for (const { id } of accepted) await dispatcher.invocation(id, '?wait=120s')
        const ours = TASKS / ((Date.now() - started) / 1000)
        const yardstick = xargs(directory)
        return [figure({ name: 'tasks', value: ours, unit: '1/s', yardstick }, { ratioAtLeast: 0.9 })]
      },
      { config: { backends: { local: { slots: SLOTS } } } },
    ),
}

function xargs(directory: string): number {
  const script = join(directory, 'task')
  writeFileSync(script, SCRIPT)
  chmodSync(script, 0o755)
  const started = Date.now()
  const { status } = spawnSync('sh', ['-c', `seq ${TASKS} | xargs -P ${SLOTS} -n 1 ${script}`])
  if (status !== 0) throw new Error('xargs failed')
  return TASKS / ((Date.now() - started) / 1000)
}
