/** A network of the sandboxes' own: from inside, this machine is reached at one address, and nothing else at all. */
import { execFileSync, spawnSync } from 'node:child_process'

export class SandboxNetwork {
  /** Of this machine, as sandboxes see it. */
  readonly host: string
  readonly #name: string

  private constructor(name: string, host: string) {
    this.#name = name
    this.host = host
  }

  /** Path of the namespace. */
  get path(): string {
    return `/var/run/netns/${this.#name}`
  }

  static create(): SandboxNetwork {
    const number = process.pid % 16_384
    // A link-local /30 of its own: https://www.rfc-editor.org/rfc/rfc3927
    const prefix = `169.254.${64 + (number >> 7)}`
    const first = ((number & 0x7f) >> 1) * 4
    const [host, inside] = [`${prefix}.${first + 1}`, `${prefix}.${first + 2}`]
    const network = new SandboxNetwork(`spillway-lambda-${process.pid}`, host)
    network.remove()
    const outer = `slh${process.pid}`
    const inner = `sli${process.pid}`
    ip('netns', 'add', network.#name)
    ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner)
    ip('link', 'set', inner, 'netns', network.#name)
    ip('address', 'add', `${host}/30`, 'dev', outer)
    ip('link', 'set', outer, 'up')
    ip('-n', network.#name, 'address', 'add', `${inside}/30`, 'dev', inner)
    ip('-n', network.#name, 'link', 'set', inner, 'up')
    ip('-n', network.#name, 'link', 'set', 'lo', 'up')
    return network
  }

  /** The pair of interfaces goes with the namespace. */
  remove(): void {
    spawnSync('ip', ['netns', 'delete', this.#name])
  }
}

const ip = (...words: string[]) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] })
