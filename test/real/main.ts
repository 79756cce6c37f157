/** `npm run test:real`: installs what the machine lacks, once, outside the repository; then runs the suites against the real things. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { DEBIAN_PACKAGES } from './packages.js'

const REPOSITORY = resolve(__dirname, '../..')
const CACHE = process.env.SPILLWAY_CACHE ?? join(homedir() || '/tmp', '.cache', 'spillway')

/** Programs of npm that only these suites need: folder in the cache -> what is installed there. */
const NPM_FOLDERS = {
  osls3: 'osls@3.77.1',
  serverless3: 'serverless@3.40.0',
  playwright: 'playwright-core@1.64.1',
} as const

/** Of PyPI, in a virtual environment `python` in the cache; no version, as each is for other versions of Python. */
const PYTHON_PACKAGE = 'scikit-learn'

const SUITES = ['test/real/**/*.test.ts', 'test/plugin/**/*.test.ts']

function run(
  command: string,
  args: string[],
  options: { quiet?: boolean; environment?: Record<string, string> } = {},
): number {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: REPOSITORY,
    stdio: options.quiet ? 'pipe' : 'inherit',
    env: { ...process.env, ...options.environment },
    encoding: 'utf8',
  })
  if (status !== 0 && options.quiet)
    process.stdout.write(`${command} ${args.join(' ')}:\n${stdout ?? ''}${stderr ?? ''}\n`)
  return status ?? 1
}

/** Debian packages need root; without it what needs them is skipped by its suite, with the reason. */
function installDebianPackages(): void {
  const missing = DEBIAN_PACKAGES.filter(
    (name) =>
      spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' }).stdout !== 'install ok installed',
  )
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    process.stdout.write(`not installed, for want of root or apt: ${missing.join(' ')}\n`)
    return
  }
  process.stdout.write(`installing ${missing.join(' ')}\n`)
  const environment = { DEBIAN_FRONTEND: 'noninteractive' }
  run('apt-get', ['update', '-qq'], { quiet: true, environment })
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { quiet: true, environment })
}

function installNpmFolders(): void {
  for (const [folder, wanted] of Object.entries(NPM_FOLDERS)) {
    const prefix = join(CACHE, folder)
    if (existsSync(join(prefix, 'node_modules', wanted.replace(/@[^@]*$/, ''), 'package.json'))) continue
    mkdirSync(prefix, { recursive: true })
    process.stdout.write(`installing ${wanted}\n`)
    run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', prefix, wanted], { quiet: true })
  }
}

function installPythonPackage(): void {
  const environment = join(CACHE, 'python')
  const python = join(environment, 'bin', 'python3')
  if (spawnSync(python, ['-c', 'import sklearn']).status === 0) return
  if (spawnSync('python3', ['--version']).status !== 0) {
    process.stdout.write(`not installed, for want of python3: ${PYTHON_PACKAGE}\n`)
    return
  }
  process.stdout.write(`installing ${PYTHON_PACKAGE}\n`)
  if (run('python3', ['-m', 'venv', environment], { quiet: true }) !== 0) return
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PYTHON_PACKAGE], { quiet: true })
}

installDebianPackages()
installNpmFolders()
installPythonPackage()
process.exitCode = run(join(REPOSITORY, 'node_modules/.bin/mocha'), ['--timeout', '120000', ...SUITES], {
  environment: { SPILLWAY_CACHE: CACHE, SPILLWAY_TEST_CLIS: CACHE, SPILLWAY_REAL: '1' },
})
