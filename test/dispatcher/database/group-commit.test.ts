/** Work that comes while a commit is under way shares the next one. */
import assert from 'node:assert/strict'
import { CommitFailed, GroupCommit } from '../../../dispatcher/database/group-commit.js'

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('group commit', () => {
  /** Commits when it is told to; remembers what came together. */
  class Desk {
    readonly groups: number[][] = []
    readonly #waiting: (() => void)[] = []
    isPatient = false
    bad = new Set<number>()

    commit = async (work: readonly number[]) => {
      this.groups.push([...work])
      if (this.isPatient) await new Promise<void>((resolve) => this.#waiting.push(resolve))
      const index = work.findIndex((one) => this.bad.has(one))
      if (index >= 0) throw new CommitFailed(index, new Error(`bad ${work[index]}`))
      return work.map((one) => () => one * 10)
    }

    release(): void {
      this.#waiting.splice(0).forEach((go) => go())
    }
  }

  it('collects what comes during a commit, and reads wait for what was asked before them only', async () => {
    const desk = new Desk()
    desk.isPatient = true
    const queue = new GroupCommit<number>(desk.commit, nextTurn)
    const first = queue.write(1)
    await nextTurn()
    await nextTurn()
    const others = [queue.write(2), queue.write(3)]
    let isIdle = false
    const idle = queue.idle().then(() => (isIdle = true))
    desk.release()
    assert.equal(await first, 10)
    await nextTurn()
    await nextTurn()
    assert.equal(isIdle, false)
    const late = queue.write(4)
    desk.release()
    await idle
    assert.deepEqual(await Promise.all(others), [20, 30])
    await nextTurn()
    await nextTurn()
    desk.release()
    assert.equal(await late, 40)
    assert.deepEqual(desk.groups, [[1], [2, 3], [4]])
  })

  it('rejects the one that fails, with its own error, and commits the others without it', async () => {
    const desk = new Desk()
    desk.bad = new Set([2, 4])
    const queue = new GroupCommit<number>(desk.commit, nextTurn)
    const answers = await Promise.allSettled([1, 2, 3, 4].map((one) => queue.write(one)))
    assert.deepEqual(
      answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason))),
      [10, 'Error: bad 2', 30, 'Error: bad 4'],
    )
    assert.deepEqual(desk.groups, [
      [1, 2, 3, 4],
      [1, 3, 4],
      [1, 3],
    ])
  })

  it('rejects all when nothing could be committed, and goes on', async () => {
    let isAway = true
    const commit = async (work: readonly number[]) => {
      if (isAway) throw new Error('away')
      return work.map((one) => () => one)
    }
    const queue = new GroupCommit<number>(commit, nextTurn)
    const answers = await Promise.allSettled([queue.write(1), queue.write(2)])
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    isAway = false
    assert.equal(await queue.write(3), 3)
  })

  it('goes on while the outcome of an earlier commit is still to be found out', async () => {
    let find: (value: string) => void = () => undefined
    const unknown = new Promise<string>((resolve) => (find = resolve))
    const queue = new GroupCommit<string>(
      (work) => work.map((one) => () => (one === 'doubtful' ? unknown : one)),
      nextTurn,
    )
    const doubtful = queue.write('doubtful')
    assert.equal(await queue.write('next'), 'next')
    await queue.idle()
    find('found')
    assert.equal(await doubtful, 'found')
  })
})
