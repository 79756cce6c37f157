/**
 * What a scheduler sets aside on a node for a pod. Pure.
 * https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
 */
import type { ContainerSpec, PodSpec } from '../cluster/objects.js'
import { amountsOf, larger, total, type Amounts } from './amounts.js'

/** Containers run together, init containers one after the other before them; sidecars run from their turn on. */
export function effectiveRequest({ containers = [], initContainers = [], overhead, resources }: PodSpec): Amounts {
  let sidecars: Amounts = {}
  let peak: Amounts = {}
  for (const one of initContainers) {
    const now = total(sidecars, requestOf(one))
    peak = larger(peak, now)
    if (one.restartPolicy === 'Always') sidecars = now
  }
  const together = larger(peak, total(sidecars, ...containers.map(requestOf)))
  // Said of the pod as a whole, it counts in place of what its containers ask for.
  const whole = { ...together, ...amountsOf(resources?.requests) }
  return { ...total(whole, amountsOf(overhead)), pods: 1 }
}

const requestOf = ({ resources }: ContainerSpec): Amounts => amountsOf(resources?.requests)
