/** The command line that starts a supervisor from the runtime kit; the same wherever the kit is. Pure. */
import { posix } from 'node:path'

/** Where a kit lies inside an image or a container. */
export const KIT_DIRECTORY = '/opt/spillway'

/**
 * Options of Node.js for a worker: one thread beside the main one, instead of four that have nothing to do. None of V8's:
 * with any of them Node.js throws away the code that it brings compiled, and a worker starts 10 ms later.
 */
export const NODE_OPTIONS: readonly string[] = Object.freeze(['--v8-pool-size=1'])

/** The kit's own loader starts its Node.js with its libraries: nothing of the image is needed. */
export const kitCommand = (loader: string, directory = KIT_DIRECTORY): string[] => [
  posix.join(directory, 'lib', loader),
  '--library-path',
  posix.join(directory, 'lib'),
  posix.join(directory, 'bin/node'),
  ...NODE_OPTIONS,
  posix.join(directory, 'supervisor.cjs'),
]
