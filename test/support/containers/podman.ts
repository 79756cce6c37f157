/** Podman with a storage of its own, for as long as a test file runs. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeImage, type ImageConfig } from './oci-image.js'

/** Works where root lacks CAP_SYS_RESOURCE and control groups are of version 1 too. */
const CONTAINERS = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
`

export class Podman {
  /** Variables by which a client finds this storage. */
  readonly environment: Record<string, string>
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
    this.environment = {
      CONTAINERS_CONF: join(directory, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(directory, 'storage.conf'),
    }
  }

  static open(): Podman {
    const directory = mkdtempSync(join(tmpdir(), 'spillway-podman-'))
    const podman = new Podman(directory)
    writeFileSync(join(directory, 'containers.conf'), CONTAINERS)
    const places = ['graphroot', 'runroot'].map((name) => `${name} = ${JSON.stringify(join(directory, name))}`)
    writeFileSync(join(directory, 'storage.conf'), `[storage]\ndriver = "overlay"\n${places.join('\n')}\n`)
    return podman
  }

  /** Why the suites cannot run here; undefined when they can. */
  static missing(): string | undefined {
    if (process.platform !== 'linux') return 'this is not Linux'
    if (process.getuid?.() !== 0) return 'this is not root'
    const programs = ['podman', 'runc', 'busybox', 'musl-gcc', 'python3']
    const absent = programs.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
    return absent.length > 0 ? `there is no ${absent.join(', ')}` : undefined
  }

  /** Makes an image out of what `fill` puts into a directory. */
  makeImage(name: string, fill: (root: string) => void, config: ImageConfig = {}): string {
    const root = join(this.#directory, `root-${name}`)
    const archive = join(this.#directory, `${name}.tar`)
    mkdirSync(root)
    fill(root)
    const reference = `localhost/spillway-test/${name}:1`
    writeImage({ root, config, name: reference, archive })
    this.run('load', '--quiet', '--input', archive)
    return reference
  }

  run(...words: string[]): string {
    const env = { ...process.env, ...this.environment }
    return execFileSync('podman', words, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /** Names of all containers, ended ones too. */
  containers(): string[] {
    return this.run('ps', '--all', '--format', '{{.Names}}')
      .split('\n')
      .filter((name) => name !== '')
  }

  close(): void {
    if (!existsSync(this.#directory)) return
    this.run('rm', '--all', '--force', '--time', '0')
    this.run('rmi', '--all', '--force')
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
