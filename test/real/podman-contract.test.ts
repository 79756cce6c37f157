/** The runtime contract in containers: section 3, line by line, through a real dispatcher and real images. */
import { busyboxRoot, glibcRoot } from '../support/containers/root-directories.js'
import { startDispatcherRuntime } from '../support/containers/dispatcher-runtime.js'
import { Podman } from '../support/containers/podman.js'
import { runtimeContractSuite } from '../suites/runtime-contract.suite.js'

const IMAGES = { busybox: busyboxRoot, 'Debian with glibc': glibcRoot }

const missing = Podman.missing()
if (missing === undefined) {
  for (const [name, fill] of Object.entries(IMAGES))
    runtimeContractSuite({ name: `podman, ${name}`, start: () => startIn(fill) })
} else {
  describe('runtime contract: podman', () => {
    it(`is skipped: ${missing}`, function () {
      this.skip()
    })
  })
}

async function startIn(fill: (root: string) => void) {
  const podman = Podman.open()
  const image = podman.makeImage('contract', fill)
  const { environment } = podman
  // What is left in the image's WORKDIR stays there for as long as a container lives.
  const runtime = await startDispatcherRuntime({ spec: { image, isolation: 'fresh' }, environment })
  return {
    ...runtime,
    stop: async () => {
      await runtime.stop()
      podman.close()
    },
  }
}
