/** Images in the cluster without a registry: made here, imported into its containerd. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeImage, type ImageConfig } from '../../support/containers/oci-image.js'
import { containerdProgram, containerdSocket, PAUSE_IMAGE } from './containerd.js'
import type { ClusterPlace } from './place.js'
import { runInside } from './processes.js'

export interface TestImage {
  /** Full reference, e.g. `localhost/spillway-test/busybox:1`; pods that use it need `imagePullPolicy: IfNotPresent`. */
  reference: string
  /** Puts the image's files into a directory; see test/support/containers/root-directories.ts. */
  fill: (root: string) => void
  config?: ImageConfig
}

/** Containerd's own client, in the namespace that the kubelet uses. */
export const ctr = (place: ClusterPlace, ...words: string[]): Promise<string> =>
  runInside(
    place,
    [containerdProgram(place, 'ctr').command, '--address', containerdSocket(place), '--namespace', 'k8s.io', ...words],
    {
      timeoutMs: 300_000,
    },
  )

/** Of an archive in the OCI layout; its own name for the image holds. */
export async function importImage(place: ClusterPlace, archive: string): Promise<void> {
  await ctr(place, 'images', 'import', archive)
}

export async function makeImage(place: ClusterPlace, image: TestImage): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'spillway-image-'))
  try {
    const [root, archive] = [join(directory, 'root'), join(directory, 'image.tar')]
    mkdirSync(root)
    image.fill(root)
    writeImage({ root, config: image.config ?? {}, name: image.reference, archive })
    await importImage(place, archive)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** To a registry by plain HTTP; the reference starts with its address. */
export async function pushImage(place: ClusterPlace, reference: string, target: string): Promise<void> {
  await ctr(place, 'images', 'tag', '--force', reference, target)
  await ctr(place, 'images', 'push', '--plain-http', target)
  await ctr(place, 'images', 'rm', target)
}

/** Every pod has one container that does nothing but hold the pod's network. */
export const makePauseImage = (place: ClusterPlace): Promise<void> =>
  makeImage(place, { reference: PAUSE_IMAGE, fill: pauseRoot, config: { Entrypoint: ['/pause'] } })

function pauseRoot(root: string): void {
  const source = join(root, 'pause.c')
  writeFileSync(source, '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n')
  execFileSync('gcc', ['-static', '-Os', '-s', '-o', join(root, 'pause'), source])
  rmSync(source)
}
