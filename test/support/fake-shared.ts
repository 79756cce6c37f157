/** What dispatchers share, in the memory of the test: members, duties and words; each `FakeShared` is one dispatcher of it. */
import type { Beat, Ear, Shared, SharedAttempt } from '../../dispatcher/database/shared.js'

export class FakeServer {
  readonly members = new Set<FakeShared>()
  readonly duties = new Map<string, FakeShared>()
  functions = ''
  /** What the next `adopt` gives. */
  orphans: SharedAttempt[] = []
}

type Used = Pick<Shared, 'isMember' | 'beat' | 'take' | 'holds' | 'adopt' | 'listen' | 'tell'>

export class FakeShared implements Used {
  readonly #server: FakeServer
  note = ''
  told: string[] = []
  ear: Ear | undefined

  constructor(server: FakeServer) {
    this.#server = server
    server.members.add(this)
  }

  isMember = () => this.#server.members.has(this)
  holds = (duty: string) => this.#server.duties.get(duty) === this

  async beat(note: string): Promise<Beat> {
    if (!this.isMember()) throw new Error('the connection is lost')
    this.note = note
    const all = [...this.#server.members].map((member, index) => ({ member, number: index + 1, note: member.note }))
    const members = all.filter(({ member }) => member !== this)
    return {
      members: members.map(({ number, note: said }) => ({ number, note: said })),
      functions: this.#server.functions,
    }
  }

  async take(duty: string): Promise<boolean> {
    if (this.isMember() && !this.#server.duties.has(duty)) this.#server.duties.set(duty, this)
    return this.holds(duty)
  }

  adopt = async () => this.#server.orphans.splice(0)

  listen(ear: Ear): void {
    this.ear = ear
  }

  async tell(words: string): Promise<void> {
    this.told.push(words)
    for (const member of this.#server.members) if (member !== this) member.ear?.onWords(words)
  }

  /** Its connection is gone, and with it all that it had. */
  lose(): void {
    this.#server.members.delete(this)
    for (const [duty, holder] of this.#server.duties) if (holder === this) this.#server.duties.delete(duty)
  }

  return(): void {
    this.#server.members.add(this)
  }
}
