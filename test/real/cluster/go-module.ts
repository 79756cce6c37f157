/** Builds programs of Go modules that `go install` refuses, by a module of our own that requires them. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface GoModule {
  /** The directory that the programs end up in; when it is there, they are built. */
  directory: string
  /** Content of `go.mod` and of any further file, by name. */
  files: Record<string, string>
  packages: string[]
  /** Of the linker, e.g. `-X path.name=value`. */
  linkerFlags?: string[]
}

/** Tens of minutes on a cold machine, nothing on a warm one; others on the machine go first. */
export function buildGoModule(module: GoModule): void {
  if (existsSync(module.directory)) return
  mkdirSync(dirname(module.directory), { recursive: true })
  const work = mkdtempSync(`${module.directory}-building-`)
  try {
    for (const [name, content] of Object.entries(module.files)) writeFileSync(join(work, name), content)
    const linkerFlags = ['-s', '-w', ...(module.linkerFlags ?? [])].join(' ')
    runGo(['mod', 'tidy'], work)
    runGo(['build', '-trimpath', '-o', 'bin/', '-ldflags', linkerFlags, ...module.packages], work)
    publish(join(work, 'bin'), module.directory)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Another build may have been faster: then its result stays. */
function publish(built: string, directory: string): void {
  try {
    renameSync(built, directory)
  } catch (error) {
    if (!existsSync(directory)) throw error
  }
}

/** Standard output of the command. */
export function runGo(args: string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync('nice', ['-n', '10', 'go', ...args], {
    cwd,
    env: { ...process.env, CGO_ENABLED: '0' },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (status === 0) return stdout
  throw new Error(`go ${args.slice(0, 2).join(' ')} failed: ${error?.message ?? stderr.slice(-4000)}`)
}
