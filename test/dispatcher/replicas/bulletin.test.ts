import assert from 'node:assert/strict'
import { WORDS_MAX } from '../../../dispatcher/database/shared.js'
import { Bulletin, readBulletin } from '../../../dispatcher/replicas/bulletin.js'
import { eventually } from '../../support/eventually.js'

describe('bulletin', () => {
  it('sends together what comes while something is being sent', async () => {
    const sent: string[] = []
    const go: (() => void)[] = []
    const bulletin = new Bulletin((words) => {
      sent.push(words)
      return new Promise((resolve) => go.push(resolve))
    })
    bulletin.add('a', 1)
    await eventually(() => sent.length === 1)
    for (let index = 0; index < 100; index++) bulletin.add('b', 1)
    bulletin.add('c', Number.POSITIVE_INFINITY)
    go[0]!()
    await eventually(() => sent.length === 2)
    assert.deepEqual(readBulletin(sent[1]!), [
      { topic: 'b', count: 100 },
      { topic: 'c', count: Number.POSITIVE_INFINITY },
    ])
  })

  it('sends no more at once than one text takes, and all of it', async () => {
    const sent: string[] = []
    const bulletin = new Bulletin(async (words) => void sent.push(words))
    const topics = Array.from({ length: 1000 }, (_, index) => `end ${index} ü`)
    for (const topic of topics) bulletin.add(topic, 1)
    await eventually(() => sent.flatMap(readBulletin).length === topics.length)
    assert.ok(sent.length > 1 && sent.every((words) => Buffer.byteLength(words) <= WORDS_MAX))
    assert.deepEqual(
      sent.flatMap(readBulletin).map(({ topic }) => topic),
      topics,
    )
  })

  it('goes on after words that could not be sent', async () => {
    const sent: string[] = []
    let fails = true
    const bulletin = new Bulletin(async (words) => {
      sent.push(words)
      if (fails) throw new Error('the connection is lost')
    })
    bulletin.add('a', 1)
    await eventually(() => sent.length === 1)
    fails = false
    bulletin.add('b', 1)
    await eventually(() => sent.length === 2)
    assert.deepEqual(readBulletin(sent[1]!), [{ topic: 'b', count: 1 }])
  })

  it('is not disturbed by what others send on its channel', () => {
    for (const words of ['', 'hello', '{}', 'null', '[1]']) assert.deepEqual(readBulletin(words), [], words)
  })
})
