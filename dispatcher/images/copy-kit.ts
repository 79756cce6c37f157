/** A kit in a directory of its own, to be carried to another machine. */
import { cp, mkdir } from 'node:fs/promises'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { programArchitecture } from './elf.js'
import type { Architecture } from './image-facts.js'
import type { ImagesOptions } from './images.js'
import { Kits } from './kits.js'

/** Resolves to the architecture that it is for. */
export async function copyKit(options: ImagesOptions, to: string): Promise<Architecture> {
  const architecture = (await programArchitecture(options.node)) ?? 'x86_64'
  const kit = await new Kits(options).of(architecture)
  await mkdir(to).catch((error: NodeJS.ErrnoException) => {
    throw new SpillwayError('invalid-request', `${to} must be a directory that is not there yet: ${error.message}.`)
  })
  await cp(kit.directory, to, { recursive: true })
  return architecture
}
