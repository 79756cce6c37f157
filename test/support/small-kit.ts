/** A runtime kit that takes no time: nothing in it can start. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Architecture } from '../../dispatcher/images/image-facts.js'

const MACHINES = { x86_64: 0x3e, arm64: 0xb7 }

export function smallKit(directory: string, architecture: Architecture = 'x86_64'): string {
  for (const folder of ['bin', 'lib']) mkdirSync(join(directory, folder), { recursive: true })
  writeFileSync(join(directory, 'bin/node'), programFor(architecture))
  writeFileSync(join(directory, 'lib/ld-linux.so.2'), 'loader')
  writeFileSync(join(directory, 'supervisor.cjs'), 'process.exit()')
  return directory
}

/** The first bytes of a program of Linux. */
export function programFor(architecture: Architecture): Buffer {
  const header = Buffer.alloc(64)
  header.write('\x7fELF', 'latin1')
  header.writeUInt16LE(MACHINES[architecture], 18)
  return header
}
