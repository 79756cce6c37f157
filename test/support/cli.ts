/** The Serverless CLIs that tests run, as data, and one way to run them. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'

export interface Cli {
  name: string
  /** The file that node runs. */
  bin: string
}

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface CliRun {
  cwd: string
  /** Piped in; without it standard input is empty and no pipe. */
  input?: string
  environment?: Record<string, string>
}

const REPOSITORY = resolve(__dirname, '..', '..')
const OTHER_CLIS = ['osls3', 'serverless3']
const DEADLINE_MS = 60_000

/**
 * osls 4 of this repository, and those of SPILLWAY_TEST_CLIS: a JSON list of `{name, bin}`, or a directory whose
 * sub-folders osls3 and serverless3 are `npm install --prefix` places. `lack` says why one cannot be run.
 */
export function knownClis(setting = process.env.SPILLWAY_TEST_CLIS): (Cli & { lack?: string })[] {
  const others = setting?.trim().startsWith('[')
    ? (JSON.parse(setting) as Cli[])
    : OTHER_CLIS.map((name) => inFolder(setting, name))
  return [OSLS4, ...others].map((cli) =>
    existsSync(cli.bin) ? cli : { ...cli, lack: setting ? `there is no ${cli.bin}` : 'SPILLWAY_TEST_CLIS is not set' },
  )
}

/** One suite on each CLI; one that is not there counts as a skipped test, with the reason in its name. */
export function describeOnClis(title: string, suite: (this: Mocha.Suite, cli: Cli) => void): void {
  for (const cli of knownClis())
    describe(`${title} on ${cli.name}`, function () {
      if (cli.lack === undefined) suite.call(this, cli)
      else it.skip(`skipped: ${cli.lack}`)
    })
}

export const OSLS4: Cli = { name: 'osls4', bin: join(REPOSITORY, 'node_modules', '.bin', 'osls') }

const inFolder = (folder: string | undefined, name: string): Cli => ({
  name,
  bin: join(folder ?? '', name, 'node_modules', '.bin', name.startsWith('osls') ? 'osls' : 'serverless'),
})

/** A copy of a fixture. */
export const copyFixture = (name: string, target: string): string =>
  copyService(join(REPOSITORY, 'test', 'plugin', 'fixtures', name), target)

/** A copy, so that nothing is written into the repository; the plugin is the one that `npx tsc` built. */
export function copyService(source: string, target: string): string {
  if (!existsSync(join(REPOSITORY, 'dist', 'plugin', 'index.js')))
    throw new Error('dist/ is missing: run `npm run build` first')
  const directory = join(target, basename(source))
  cpSync(source, directory, { recursive: true })
  linkPlugin(join(target, 'node_modules'))
  return directory
}

/** Above the service: in it, the framework would put the whole repository into the archives of Lambda functions. */
function linkPlugin(modules: string): void {
  mkdirSync(modules, { recursive: true })
  if (!existsSync(join(modules, 'serverless-spillway'))) symlinkSync(REPOSITORY, join(modules, 'serverless-spillway'))
}

/** Runs to its end, or is killed at the deadline. */
export async function runCli(cli: Cli, args: string[], run: CliRun): Promise<CliResult> {
  const child = startCli(cli, args, run)
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  try {
    const ended = new Promise<number | null>((done) => child.once('close', done))
    const [stdout, stderr, code] = await Promise.all([text(child.stdout!), text(child.stderr!), ended])
    return { code, stdout, stderr }
  } finally {
    clearTimeout(timer)
  }
}

/** The caller stops it. */
export function startCli(cli: Cli, args: string[], { cwd, input, environment }: CliRun) {
  const child = spawn(process.execPath, [realpathSync(cli.bin), ...args], {
    cwd,
    env: { ...cleanEnvironment(), ...environment },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.end(input)
  return child
}

/** Nothing of the tester's own: no credentials, no telemetry, no metadata service, a home that nobody else uses. */
function cleanEnvironment(): Record<string, string> {
  const home = suiteHome()
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    SLS_SCHEMA_CACHE_BASE_DIR: SCHEMAS,
    SLS_TELEMETRY_DISABLED: '1',
    SLS_NOTIFICATIONS_MODE: 'off',
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE_NO_WARNINGS: '1',
  }
}

/** Kept from run to run, by version: the framework takes seconds to compile its schema. */
const SCHEMAS = join(REPOSITORY, 'node_modules', '.cache', 'spillway-test')

let home: string | undefined

/** Of all suites of a run. */
function suiteHome(): string {
  if (home === undefined) {
    const created = mkdtempSync(join(tmpdir(), 'spillway-test-home-'))
    process.once('exit', () => rmSync(created, { recursive: true, force: true }))
    home = created
  }
  return home
}

/** Every file below a folder, by path relative to it. */
export const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
        .sort()
    : []
