/** What follows for the others from one worker that could not be had: a pause, room made, or work that fails. */
import { failed } from '../../../../runtime/contract/outcome.js'
import type { BackendHost } from '../../backend.js'
import type { Complaint } from './complaint.js'
import type { Departures } from './departures.js'
import type { Fullness } from './fullness.js'
import { doesWell, keyOf, type Member, type Members } from './members.js'
import type { Releases } from './releases.js'

export interface AftermathContext {
  host: BackendHost
  members: Members
  releases: Releases
  departures: Departures
  fullness: Fullness
  /** Idle workers of other releases go, for one of that release. */
  giveWay(key: string): void
}

export class Aftermath {
  readonly #context: AftermathContext

  constructor(context: AftermathContext) {
    this.#context = context
  }

  of(member: Member, { kind, words, isDoubtful = false }: Complaint): void {
    const { host, members, releases, fullness, giveWay } = this.#context
    const { release } = member
    const key = keyOf(release)
    const excuse = kind === 'function' ? this.#excuse(member, isDoubtful) : undefined
    const whole = excuse === undefined ? words : `${words}; it is tried again, because ${excuse}`
    if (releases.pause(key, whole)) host.log('warn', `no worker of ${release.function} can be had: ${whole}`)
    if (kind === 'function' && excuse === undefined) this.#blame(key, words)
    if (kind !== 'full') return
    fullness.noteQuota(members.all())
    giveWay(key)
  }

  /** Why its function is not to blame; undefined: it is. */
  #excuse(member: Member, isDoubtful: boolean): string | undefined {
    const { members, releases } = this.#context
    const key = keyOf(member.release)
    const others = members.all().filter((other) => other !== member && keyOf(other.release) === key)
    return releases.excuse(key, { createdAt: member.createdAt, isDoubtful, othersDoBetter: others.some(doesWell) })
  }

  /** Work that waits for a container that cannot start would wait for ever and never say why. */
  #blame(key: string, words: string): void {
    const { host, members, releases, departures } = this.#context
    const release = releases.get(key)
    const count = releases.blame(key)
    if (!release) return
    const outcome = failed({ cause: 'image', message: `Kubernetes cannot start ${release.function}: ${words}` })
    for (let index = 0; index < count; index++) host.failNext(release, outcome)
    for (const member of members.of(key))
      if (member.pod?.phase === 'starting' && member.pod.trouble) departures.remove(member, words)
  }
}
