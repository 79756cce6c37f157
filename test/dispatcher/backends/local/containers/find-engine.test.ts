/** Which engine is taken: real programs in the place of docker and podman. */
import assert from 'node:assert/strict'
import { callEngine } from '../../../../../dispatcher/backends/local/containers/engine-call.js'
import { findEngine } from '../../../../../dispatcher/backends/local/containers/find-engine.js'
import { fakeEngine } from '../../../../support/containers/fake-engine.js'
import { temporaryDirectory } from '../../../../support/temporary-directory.js'

const DOWN = { version: 'echo "cannot reach the daemon" >&2; exit 1' }

describe('finding a container engine', function () {
  if (process.platform !== 'linux') return
  const directory = temporaryDirectory()
  const find = async (choice: 'auto' | 'docker' | 'podman' | 'off', answers: Parameters<typeof fakeEngine>[1]) =>
    (await findEngine('local', choice, fakeEngine(directory(), answers).environment))?.name

  it('takes docker where both answer, podman where docker has no daemon', async () => {
    assert.equal(await find('auto', { docker: {}, podman: {} }), 'docker')
    assert.equal(await find('auto', { docker: DOWN, podman: {} }), 'podman')
  })

  it('does without where none answers, and does not ask where it is told not to', async () => {
    assert.equal(await find('auto', { docker: DOWN, podman: DOWN }), undefined)
    const { environment, calls } = fakeEngine(directory(), { docker: {}, podman: {} })
    const before = calls().length
    assert.equal(await findEngine('local', 'off', environment), undefined)
    assert.equal(calls().length, before)
  })

  it('takes the one that is wanted, or says why not, in its own words', async () => {
    assert.equal(await find('podman', { docker: {}, podman: {} }), 'podman')
    await assert.rejects(
      find('docker', { docker: DOWN }),
      /backends\.local\.containers is docker, but docker does not answer: cannot reach/,
    )
  })

  it('answers also when the program is missing, or never ends', async () => {
    const environment = { PATH: '/nowhere' }
    const call = { arguments: ['version'], environment, deadlineMs: 200 }
    const missing = await callEngine({ ...call, program: 'docker' })
    assert.deepEqual([missing.ok, /ENOENT/.test(missing.complaint)], [false, true])
    const fake = fakeEngine(directory(), { docker: { version: 'exec sleep 30' } })
    const silent = await callEngine({ ...call, program: 'docker', environment: fake.environment })
    assert.deepEqual([silent.ok, silent.complaint], [false, 'no answer within 0.2 s'])
  })
})
