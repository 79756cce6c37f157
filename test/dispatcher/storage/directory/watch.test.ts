import assert from 'node:assert/strict'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openDirectoryStore } from '../../../../dispatcher/storage/directory.js'
import { explainRefusal, type WatchFolder } from '../../../../dispatcher/storage/directory/folder-watches.js'
import { watchFiles } from '../../../../dispatcher/storage/directory/watch.js'
import type { ObjectStore } from '../../../../dispatcher/storage/object-store.js'
import { eventIdentity, type ObjectEvent } from '../../../../runtime/contract/object-event.js'
import { rejects } from '../../../suites/object-store.suite.js'
import { eventually } from '../../../support/eventually.js'
import { collect, fromText } from '../../../support/streams.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'
import { putGrant } from '../../../support/use-grant.js'

const SETTLE_SECONDS = 0.15
const BURST = 2000

describe('directory storage: watch', () => {
  const base = temporaryDirectory()
  let store: ObjectStore
  let events: ObjectEvent[]
  let stop: AbortController
  let watching: Promise<void>

  const path = (key: string) => join(base(), 'data', 'b', key)
  const drop = (key: string, content = key) => writeFileSync(path(key), content)
  const seen = () => [...new Set(events.map(({ key }) => key))].sort()
  const eventuallySeen = (keys: string[]) =>
    eventually(() => keys.every((key) => seen().includes(key)), { what: `events of ${keys.join(', ')}` })

  beforeEach(async () => {
    store = openDirectoryStore({ name: 'lake', path: join(base(), 'data'), settleSeconds: SETTLE_SECONDS })
    await store.ensureBucket('b')
    events = []
    stop = new AbortController()
    watching = store.watch!('b', (event) => events.push(event), stop.signal)
    watching.catch(() => {})
  })
  afterEach(async () => {
    stop.abort()
    await watching.catch(() => {})
    await store.close()
  })

  it('reports a new file as head does', async () => {
    drop('a.txt', 'content')
    await eventuallySeen(['a.txt'])
    assert.deepEqual(events[0], await store.head({ bucket: 'b', key: 'a.txt' }))
  })

  it('reports nothing that was there before', async () => {
    stop.abort()
    await watching
    drop('old')
    utimesSync(path('old'), 1, 1)
    await delay(100)
    stop = new AbortController()
    watching = store.watch!('b', (event) => events.push(event), stop.signal)
    drop('new')
    await eventuallySeen(['new'])
    assert.deepEqual(seen(), ['new'])
  })

  it('waits for a slow writer and reports the whole file, once', async () => {
    const patient = openDirectoryStore({ name: 'lake', path: join(base(), 'data'), settleSeconds: 0.8 })
    const sizes: number[] = []
    const patientWatch = patient.watch!('b', ({ size }) => sizes.push(size), stop.signal)
    for (let part = 0; part < 12; part++) {
      appendFileSync(path('slow'), 'x'.repeat(1000))
      await delay(80)
    }
    await eventually(() => sizes.length > 0)
    assert.deepEqual(sizes, [12_000])
    stop.abort()
    await patientWatch
  })

  it('reports a file that was moved in complete without waiting', async () => {
    const patient = openDirectoryStore({ name: 'lake', path: join(base(), 'data'), settleSeconds: 60 })
    const patientEvents: ObjectEvent[] = []
    const patientWatch = patient.watch!('b', (event) => patientEvents.push(event), stop.signal)
    writeFileSync(join(base(), 'elsewhere'), 'content')
    utimesSync(join(base(), 'elsewhere'), 1000, 1000)
    renameSync(join(base(), 'elsewhere'), path('moved'))
    await eventually(() => patientEvents.length > 0)
    assert.equal(patientEvents[0]?.key, 'moved')
    stop.abort()
    await patientWatch
  })

  it('reports what is published, in folders made for it too', async () => {
    const attempt = '01900000-0000-7000-8000-000000000001.1'
    const { grant, ticket } = await store.stage({ bucket: 'b', key: 'new/folder/a', size: 1, attempt, expiresAt: 0 })
    await putGrant(grant, Buffer.from('result'))
    await store.publish(ticket)
    await store.write({ bucket: 'b', key: 'new/other/b' }, fromText('written'))
    await eventuallySeen(['new/folder/a', 'new/other/b'])
  })

  it('reports an overwritten file again, with another identity', async () => {
    drop('a', 'one')
    await eventuallySeen(['a'])
    drop('a', 'two')
    await eventually(() => new Set(events.map(eventIdentity)).size === 2)
  })

  it('sees a sub-directory that appears with files in it', async () => {
    mkdirSync(join(base(), 'tree/x/y'), { recursive: true })
    for (const name of ['tree/1', 'tree/x/2', 'tree/x/y/3']) writeFileSync(join(base(), name), name)
    renameSync(join(base(), 'tree'), path('tree'))
    await eventuallySeen(['tree/1', 'tree/x/2', 'tree/x/y/3'])
    drop('tree/x/y/4')
    await eventuallySeen(['tree/x/y/4'])
  })

  it('follows a folder that is renamed, or removed and made again', async () => {
    mkdirSync(path('first/in'), { recursive: true })
    drop('first/in/1')
    await eventuallySeen(['first/in/1'])
    renameSync(path('first'), path('second'))
    await eventuallySeen(['second/in/1'])
    rmSync(path('second'), { recursive: true })
    mkdirSync(path('second/in'), { recursive: true })
    drop('second/in/2')
    await eventuallySeen(['second/in/2'])
    drop('second/in/3')
    await eventuallySeen(['second/in/3'])
  })

  it(`finds each of ${BURST} files in new nested folders, once`, async function () {
    this.timeout(20_000)
    const written: string[] = []
    for (let index = 0; index < BURST; index++) {
      const folder = `burst/${index % 10}/${index % 50}`
      if (index < 50) mkdirSync(path(folder), { recursive: true })
      const key = `${folder}/${index}`
      drop(key)
      written.push(key)
      if (index % 100 === 0) await delay(1)
    }
    await eventually(() => events.length >= BURST, { timeoutMs: 15_000, what: `${BURST} events` })
    assert.deepEqual(seen(), written.sort())
    assert.equal(new Set(events.map(eventIdentity)).size, BURST)
  })

  it('sees what came in while it was starting, however long that took', async () => {
    stop.abort()
    await watching
    for (let index = 0; index < 300; index++) mkdirSync(path(`deep/er/${index}`), { recursive: true })
    stop = new AbortController()
    watching = store.watch!('b', (event) => events.push(event), stop.signal)
    drop('deep/er/0/a')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    for (const index of [150, 299]) drop(`deep/er/${index}/a`)
    await eventuallySeen([0, 150, 299].map((index) => `deep/er/${index}/a`))
  })

  it('drops silently what has vanished, what is ours and what leads outside', async () => {
    writeFileSync(join(base(), 'secret'), 'secret')
    drop('gone')
    unlinkSync(path('gone'))
    symlinkSync(join(base(), 'secret'), path('link'))
    symlinkSync(base(), path('folder'))
    symlinkSync('.', path('circle'))
    drop('.spillway-half')
    mkdirSync(path('.spillway'))
    drop('.spillway/half')
    drop('last')
    await eventuallySeen(['last'])
    assert.deepEqual(seen(), ['last'])
  })

  it('reports odd names as they are', async () => {
    const odd = ['sp ace', 'per%2Fcent', 'new\nline', '🦑', '.foo.swp', 'data.part', 'b']
    for (const key of odd) drop(key)
    await eventuallySeen(odd)
    const listed = (await collect(store.list('b', ''))).map(({ key }) => key).sort()
    assert.deepEqual(seen(), listed)
  })

  it('ends with its signal and reports nothing afterwards', async () => {
    drop('a')
    await eventuallySeen(['a'])
    drop('b')
    stop.abort()
    await watching
    const before = events.length
    await delay(SETTLE_SECONDS * 2000)
    assert.equal(events.length, before)
    await store.watch!('b', () => assert.fail('reported'), AbortSignal.abort())
  })

  it('fails when its bucket is missing, goes away or is made anew', async () => {
    await rejects(
      store.watch!('none', () => {}, stop.signal),
      'bucket-not-found',
    )
    drop('a')
    await eventuallySeen(['a'])
    rmSync(path(''), { recursive: true })
    mkdirSync(path(''))
    await rejects(watching, 'bucket-not-found')
  })

  it('says once what to do when the system has no watches left, and goes on with those it has', async () => {
    const told: string[] = []
    const settled: string[] = []
    const noSpace = Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'watch' })
    const watchFolder: WatchFolder = (folder, changed) => {
      if (folder !== path('').replace(/\/$/, '')) throw noSpace
      return watch(folder, changed)
    }
    const options = { root: path('').replace(/\/$/, ''), settleMs: 50, sinceMs: Date.now(), now: Date.now }
    const scarce = watchFiles(
      { ...options, watchFolder, log: (message) => told.push(message), settled: (key) => settled.push(key) },
      stop.signal,
    )
    cpSync(__dirname, path('tree'), { recursive: true })
    drop('a')
    await eventually(() => settled.includes('a') && settled.includes('tree/watch.test.ts'))
    assert.deepEqual(told, [explainRefusal(noSpace)])
    assert.match(told[0]!, /max_user_watches/)
    stop.abort()
    await scarce
  })
})
