/**
 * From zero: work accepted -> its script runs in a new pod; beside a Job with the same image and script as anybody writes
 * it, and beside one that does without the same things as ours.
 */
import { busyboxRoot } from '../support/containers/root-directories.js'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import type { Workbench } from '../support/kubernetes-workbench.js'
import { figure, median, type Bench } from './figure.js'
import { cleared, noWorkers, onCluster, type OnCluster } from './on-cluster.js'
import { plainJobs, type Make } from './plain-job.js'

const TIMES = 15
const FUNCTION = 'bench-dev-start'
const SIZE = { cpu: 1, memorySize: 256 }

export const kubernetesStart: Bench = {
  name: 'kubernetes-start',
  about: `accepted -> script started in a new pod, ${TIMES} times, the image on the node; beside a bare Job of that image`,
  run: () =>
    onCluster(async (on) => {
      const image = await on.bench.image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
      const { api, make } = await plainJobs(on.bench)
      const derived = await inTurn(on, { image, make, kubernetes: {} })
      const kitImage = await on.bench.kitImage()
      const copied = await inTurn(on, { image, make, kubernetes: { registry: undefined, kitImage } })
      const volume = { registry: undefined, kit: 'image-volume', kitImage }
      const hasVolumes = on.bench.cluster.place.imageVolumes
      const mounted = hasVolumes ? [await inTurn(on, { image, make, kubernetes: volume })] : []
      api.close()
      return [
        figure(beside('bare', 'from zero, derived image', derived), { ratioAtMost: 1.3 }),
        figure(beside('lean', 'the same, beside a lean Job', derived), { ratioAtMost: 1.6 }),
        figure(beside('bare', 'from zero, init container', copied), { ratioAtMost: 10 }),
        ...mounted.map((one) => figure(beside('bare', 'from zero, image volume', one), { ratioAtMost: 10 })),
      ]
    }),
}

/** Medians, milliseconds. */
interface Starts {
  bare: number
  lean: number
  ours: number
}

const beside = (which: 'bare' | 'lean', name: string, starts: Starts) => ({
  name,
  unit: 'ms',
  value: starts.ours,
  yardstick: starts[which],
})

interface Contest {
  image: string
  make: Make
  kubernetes: object
}

/** One of each in turn: the load of the machine is the same for all. */
async function inTurn({ bench, start }: OnCluster, { image, make, kubernetes }: Contest): Promise<Starts> {
  const dispatcher = await start({ keepAlive: 0.1, ...kubernetes })
  await dispatcher.put(FUNCTION, `#!/bin/sh\n${bench.signals.say('ours')}\n`, { image, ...SIZE })
  const job = { image, line: bench.signals.say('plain'), cpu: '1', memory: '256Mi' }
  const times: Record<keyof Starts, number[]> = { bare: [], lean: [], ours: [] }
  for (let time = 0; time <= TIMES; time++) {
    times.bare.push(await plainStart(bench, () => make({ ...job, lean: false })))
    await cleared(bench)
    times.lean.push(await plainStart(bench, () => make({ ...job, lean: true })))
    await cleared(bench)
    times.ours.push(await ourStart(bench, dispatcher))
    await noWorkers(dispatcher)
    await cleared(bench)
  }
  await dispatcher.stop()
  // The first time gets images onto the node.
  const usual = (starts: number[]) => median(starts.slice(1))
  return { bare: usual(times.bare), lean: usual(times.lean), ours: usual(times.ours) }
}

/** Milliseconds from the call that makes a Job until its script says the word. */
async function plainStart({ signals }: Workbench, make: () => Promise<string>): Promise<number> {
  const called = Date.now()
  const at = heard(signals, 'plain')
  await make()
  return (await at) - called
}

/** Milliseconds from when the dispatcher accepted a piece of work until its script says the word. */
async function ourStart({ signals }: Workbench, dispatcher: DispatcherProcess): Promise<number> {
  const at = heard(signals, 'ours')
  const { id } = await dispatcher.invoke(FUNCTION)
  const heardAt = await at
  return heardAt - (await dispatcher.invocation(id)).acceptedAt
}

/** Resolves to when the word is said the next time, in epoch milliseconds. */
async function heard(signals: Workbench['signals'], word: string): Promise<number> {
  const before = signals.heard().length
  await eventually(() => signals.heard().slice(before).includes(word), { timeoutMs: 60_000, everyMs: 1 })
  return Date.now()
}
