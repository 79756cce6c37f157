/** The sets of back-ends that work waits for, as numbers with one bit per back-end. */
import type { Decision } from '../../runtime/contract/decision.js'
import { BACKEND_NAMES, isPublic, type BackendName } from '../../runtime/contract/function-spec.js'

const bitOf = (backend: BackendName): number => 1 << BACKEND_NAMES.indexOf(backend)

/** A public back-end takes nothing that has no time to spill over. */
export const laneOf = ({ eligible, spillAt }: Pick<Decision, 'eligible' | 'spillAt'>): number =>
  eligible
    .filter((backend) => spillAt !== null || !isPublic(backend))
    .reduce((lane, backend) => lane | bitOf(backend), 0)

export const isLaneOf = (lane: number, backend: BackendName): boolean => (lane & bitOf(backend)) !== 0

/** Every lane from which a back-end takes work. */
export const lanesFor = (backend: BackendName): number[] =>
  Array.from({ length: 1 << BACKEND_NAMES.length }, (_, lane) => lane).filter((lane) => isLaneOf(lane, backend))

export const backendsOf = (lane: number): BackendName[] => BACKEND_NAMES.filter((backend) => isLaneOf(lane, backend))
