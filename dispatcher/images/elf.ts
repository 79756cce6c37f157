/** What kind of program a file is, by its first bytes: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
import { open } from 'node:fs/promises'
import type { Architecture } from './image-facts.js'

const MAGIC = '\x7fELF'
const MACHINE_AT = 18
const MACHINES: Readonly<Record<number, Architecture>> = Object.freeze({ 0x3e: 'x86_64', 0xb7: 'arm64' })

/** Undefined for anything but a program of Linux for an architecture that functions know. */
export async function programArchitecture(path: string): Promise<Architecture | undefined> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MACHINE_AT + 2), 0, MACHINE_AT + 2, 0)
    const isElf = bytesRead === buffer.length && buffer.toString('latin1', 0, MAGIC.length) === MAGIC
    return isElf ? MACHINES[buffer.readUInt16LE(MACHINE_AT)] : undefined
  } finally {
    await file.close()
  }
}
