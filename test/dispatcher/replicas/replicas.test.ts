import assert from 'node:assert/strict'
import type { Shared, SharedAttempt } from '../../../dispatcher/database/shared.js'
import { Replicas, TEND } from '../../../dispatcher/replicas/replicas.js'
import { WorkerBook } from '../../../dispatcher/workers/worker-book.js'
import { eventually } from '../../support/eventually.js'
import { FakeServer, FakeShared } from '../../support/fake-shared.js'

const DUTIES = [TEND, 'list here']

/** One dispatcher, and what it was told to do. */
class One {
  readonly replicas: Replicas
  readonly heard: string[] = []
  readonly adopted: SharedAttempt[] = []
  readonly said: string[] = []
  readonly book = new WorkerBook()
  functions = 0
  duties = 0

  constructor(readonly shared?: FakeShared) {
    this.replicas = new Replicas({
      shared: shared as Shared | undefined,
      duties: () => DUTIES,
      called: () => ['lambda'],
      book: this.book,
      onHeard: (topic, count) => this.heard.push(`${topic} ${count}`),
      onGap: () => undefined,
      onBeat: async () => undefined,
      onFunctions: async () => void this.functions++,
      onDuties: () => void this.duties++,
      onAdopted: async (attempts) => void this.adopted.push(...attempts),
      onTidy: async () => undefined,
      log: (_, message) => this.said.push(message),
    })
  }

  get held(): string[] {
    return DUTIES.filter((duty) => this.replicas.holds(duty))
  }
}

describe('replicas', () => {
  const started: One[] = []
  let server: FakeServer

  beforeEach(() => (server = new FakeServer()))
  afterEach(() => started.splice(0).forEach(({ replicas }) => replicas.stop()))

  const start = async (shared?: FakeShared): Promise<One> => {
    const one = new One(shared)
    started.push(one)
    await one.replicas.start()
    return one
  }
  const join = () => start(new FakeShared(server))

  it('have every duty where a database lets one dispatcher in, and nobody to tell', async () => {
    const one = await start()
    one.replicas.tell('work f', 1)
    assert.deepEqual([one.held, one.replicas.isAlone, one.replicas.count], [DUTIES, true, 1])
  })

  it('have a duty one at a time, and pass it on when the one that has it is gone', async () => {
    const [one, other] = [await join(), await join()]
    assert.deepEqual([one.held, other.held], [DUTIES, []])
    one.shared!.lose()
    assert.deepEqual(one.held, [])
    await eventually(() => other.held.length === 2)
    assert.equal(other.duties, 1)
    one.shared!.return()
    await eventually(() => one.duties === 2, { what: 'that the first one notices' })
    assert.deepEqual([one.held, other.held], [[], DUTIES])
  })

  it('adopt what a dead one looked after: the one that tends does', async () => {
    const [one, other] = [await join(), await join()]
    await eventually(() => !one.replicas.isAlone)
    other.shared!.lose()
    other.replicas.stop()
    server.orphans = [{ invocation: 'i', attempt: 1 }]
    await eventually(() => one.adopted.length === 1)
    assert.ok(one.said.some((line) => /is gone/.test(line)))
    assert.deepEqual(other.adopted, [])
  })

  it('tell each other nothing while they are alone, and only what changed when they are not', async () => {
    const one = await join()
    one.replicas.tell('work f', 1)
    const other = await join()
    await eventually(() => !one.replicas.isAlone)
    one.replicas.tell('work f', 1)
    one.replicas.tell('end i', Number.POSITIVE_INFINITY)
    one.replicas.tell('work f', 2)
    await eventually(() => other.heard.length === 2)
    assert.deepEqual(other.heard, ['work f 3', 'end i Infinity'])
    assert.equal(one.shared!.told.length, 1)
  })

  it('know the idle workers of all', async () => {
    const [one, other] = [await join(), await join()]
    const waits = ({ book }: One, worker: string, release: number) => {
      book.admit({ function: 'f', release, backend: 'kubernetes', worker, sharesDisk: false, expiresAt: 1 })
      book.enter(worker)
    }
    waits(other, 'w', 1)
    waits(other, 'x', 2)
    waits(one, 'v', 1)
    await eventually(() => one.replicas.idleOf('f', 1).length === 2)
    assert.deepEqual(
      [one.replicas.idleOf('f', 1), one.replicas.idleOf('f', 2), one.replicas.count],
      [['v', 'w'], ['x'], 2],
    )
  })

  it('look at the functions again when they have changed, whether they were told or not', async () => {
    const one = await join()
    server.functions = 'changed'
    await eventually(() => one.functions === 1)
  })

  it('say once what is wrong with the way to the others', async () => {
    const one = await join()
    one.shared!.lose()
    await eventually(() => one.said.some((line) => /cannot be seen/.test(line)))
    const lines = () => one.said.filter((line) => /cannot be seen/.test(line)).length
    const before = one.duties
    one.shared!.return()
    await eventually(() => one.duties > before)
    assert.equal(lines(), 1)
  })
})
