/** Installs what the machine lacks, once, outside the repository; what cannot be installed is said, and its suites skip themselves. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE } from './cache.js'
import { DEBIAN_PACKAGES } from './packages.js'

/** Programs of npm that only these suites need: folder in the cache -> what is installed there. */
const NPM_FOLDERS = {
  osls3: 'osls@3.77.1',
  serverless3: 'serverless@3.40.0',
  playwright: 'playwright-core@1.64.1',
} as const

/** Of PyPI, in a virtual environment `python` in the cache; no version, as each is for other versions of Python. */
const PYTHON_PACKAGE = 'scikit-learn'

/** Debian packages need root; without it what needs them is skipped by its suite, with the reason. */
export function installDebianPackages(): void {
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
  run('apt-get', ['update', '-qq'], environment)
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], environment)
}

export function installNpmFolders(): void {
  for (const [folder, wanted] of Object.entries(NPM_FOLDERS)) {
    const prefix = join(CACHE, folder)
    if (existsSync(join(prefix, 'node_modules', wanted.replace(/@[^@]*$/, ''), 'package.json'))) continue
    mkdirSync(prefix, { recursive: true })
    process.stdout.write(`installing ${wanted}\n`)
    run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', prefix, wanted])
  }
}

export function installPythonPackage(): void {
  const environment = join(CACHE, 'python')
  const python = join(environment, 'bin', 'python3')
  if (spawnSync(python, ['-c', 'import sklearn']).status === 0) return
  if (spawnSync('python3', ['--version']).status !== 0) {
    process.stdout.write(`not installed, for want of python3: ${PYTHON_PACKAGE}\n`)
    return
  }
  process.stdout.write(`installing ${PYTHON_PACKAGE}\n`)
  if (!run('python3', ['-m', 'venv', environment])) return
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PYTHON_PACKAGE])
}

/** False when it failed; then it says so itself. */
function run(command: string, args: string[], environment: Record<string, string> = {}): boolean {
  const env = { ...process.env, ...environment }
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' })
  if (status !== 0) process.stdout.write(`${command} ${args.join(' ')}:\n${stdout ?? ''}${stderr ?? ''}\n`)
  return status === 0
}
