/** Images: what they say about themselves, and how they are pulled. */
import assert from 'node:assert/strict'
import { ContainerEngine } from '../../../../../dispatcher/backends/local/containers/engine.js'
import { imageFacts } from '../../../../../dispatcher/backends/local/containers/image-facts.js'
import { ImageFault, Images } from '../../../../../dispatcher/backends/local/containers/images.js'
import { fakeEngine } from '../../../../support/containers/fake-engine.js'
import { temporaryDirectory } from '../../../../support/temporary-directory.js'

describe('what an image says about itself', () => {
  it('reads the inspection of docker and of podman', () => {
    const docker = {
      Id: 'sha256:1',
      Config: { Entrypoint: null, Cmd: ['/bin/sh', '-c', 'x'], WorkingDir: '', Env: ['PATH=/bin', 'A=b=c', 'EMPTY='] },
    }
    assert.deepEqual(imageFacts(JSON.stringify([docker])), {
      id: 'sha256:1',
      program: ['/bin/sh', '-c', 'x'],
      workingDirectory: '/',
      environment: { PATH: '/bin', A: 'b=c', EMPTY: '' },
    })
    const podman = { Id: '2', Config: { Entrypoint: ['/tool'], Cmd: ['--help'], WorkingDir: '/srv' } }
    const { program, workingDirectory } = imageFacts(JSON.stringify([podman]))
    assert.deepEqual([program, workingDirectory], [['/tool', '--help'], '/srv'])
    assert.deepEqual(imageFacts('[{"Id": "3"}]').program, [])
  })
})

describe('images', function () {
  if (process.platform !== 'linux') return
  const directory = temporaryDirectory()
  const pulls = (calls: string[]) => calls.filter((call) => call.includes(' pull ')).length

  it('pulls one that is missing once, however many ask', async () => {
    const there = `[ -e ${directory()}/pulled ] && echo '[{"Id": "7"}]'`
    const { environment, calls } = fakeEngine(directory(), {
      podman: { 'image inspect': there, pull: `sleep 0.1; touch ${directory()}/pulled` },
    })
    const images = new Images(new ContainerEngine('podman', environment), () => 0)
    const facts = await Promise.all([images.facts('a'), images.facts('a'), images.facts('a')])
    assert.deepEqual(
      facts.map(({ id }) => id),
      ['7', '7', '7'],
    )
    assert.equal(pulls(calls()), 1)
  })

  it('repeats why an image cannot be had without asking the registry again, for a while', async () => {
    const { environment, calls } = fakeEngine(directory(), {
      docker: { 'image inspect': 'exit 1', pull: 'echo "Trying ..." >&2; echo "manifest unknown" >&2; exit 125' },
    })
    let now = 0
    const images = new Images(new ContainerEngine('docker', environment), () => now)
    const isFault = (error: unknown) =>
      error instanceof ImageFault && /docker .* image a: .*manifest unknown/.test(error.message)
    await assert.rejects(images.facts('a'), isFault)
    await assert.rejects(images.facts('a'), isFault)
    assert.equal(pulls(calls()), 1)
    now = 60_000
    await assert.rejects(images.facts('a'), isFault)
    assert.equal(pulls(calls()), 2)
  })

  it('does not blame the image when the engine is down', async () => {
    const { environment } = fakeEngine(directory(), { docker: { '': 'echo "no daemon" >&2; exit 1' } })
    const images = new Images(new ContainerEngine('docker', environment), () => 0)
    await assert.rejects(
      images.facts('a'),
      (error: Error) => !(error instanceof ImageFault) && /no daemon/.test(error.message),
    )
  })

  it('breaks off a pull when it closes', async () => {
    const { environment } = fakeEngine(directory(), { docker: { 'image inspect': 'exit 1', pull: 'exec sleep 60' } })
    const images = new Images(new ContainerEngine('docker', environment), () => 0)
    const pulling = images.facts('a')
    setTimeout(() => images.close(), 50)
    await assert.rejects(pulling)
  })
})
