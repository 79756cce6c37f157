/** The package as a user gets it: packed, installed in an empty project, run by every CLI. */
import assert from 'node:assert/strict'
import { execFileSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { readDispatcherFile } from '../../plugin/locate-dispatcher.js'
import { knownClis, runCli, startCli, type Cli } from '../support/cli.js'
import { eventually } from '../support/eventually.js'

const REPOSITORY = resolve(__dirname, '../..')

const QUICK_START = readFileSync(join(REPOSITORY, 'docs/quick-start.md'), 'utf8')

/** The first block of the quick start that begins like that: what it shows is what is tried. */
function shown(kind: string, start: RegExp): string {
  const blocks = [...QUICK_START.matchAll(/```(\w*)\n([\s\S]*?)```/g)].filter((block) => block[1] === kind)
  const found = blocks.find((block) => start.test(block[2]!))?.[2]
  assert.ok(found, `the quick start has no ${kind} block ${start}`)
  return found
}

/** From npm's cache where it has what is needed. */
const npm = (cwd: string, ...words: string[]): string =>
  execFileSync('npm', [...words, '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })

describe('the package, installed', function () {
  this.timeout(180_000)
  let root: string
  let tarball: string

  before(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
    tarball = join(
      root,
      npm(REPOSITORY, 'pack', '--ignore-scripts', '--pack-destination', root).trim().split('\n').at(-1)!,
    )
  })
  after(() => {
    if (root) rmSync(root, { recursive: true, force: true, maxRetries: 5 })
  })

  for (const cli of knownClis())
    it(`runs a service on ${cli.name}: dev, a file, invoke, deploy, info, remove`, async function () {
      if (cli.lack !== undefined) {
        process.stdout.write(`    skipped: ${cli.lack}\n`)
        return this.skip()
      }
      const directory = join(root, cli.name)
      makeProject(directory)
      npm(directory, 'install', '--save-dev', tarball)
      const dev = startCli(cli, ['spillway', 'dev'], { cwd: directory })
      try {
        await useService(cli, directory, dev)
      } finally {
        await stop(dev, directory)
      }
    })

  it('has the program `spillway`', () => {
    const directory = join(root, 'program')
    makeProject(directory)
    npm(directory, 'install', tarball)
    const help = execFileSync(join(directory, 'node_modules/.bin/spillway'), ['--help'], { encoding: 'utf8' })
    assert.match(help, /spillway serve +Run a dispatcher/)
  })
})

function makeProject(directory: string): void {
  mkdirSync(directory)
  writeFileSync(join(directory, 'package.json'), '{"name": "words", "private": true}')
  writeFileSync(join(directory, 'serverless.yml'), shown('yaml', /^service:/m))
  writeFileSync(join(directory, 'count.sh'), shown('sh', /^#!/))
}

async function useService(cli: Cli, directory: string, dev: ChildProcess): Promise<void> {
  const output = listen(dev)
  await eventually(() => /Press Ctrl-C to stop/.test(output()), { timeoutMs: 60_000, what: `a start in ${output()}` })
  writeFileSync(join(directory, 'data/texts/in/hello.txt'), 'one two three\n')
  await eventually(() => readFileSync(join(directory, 'data/texts/out/hello.txt.count'), 'utf8') === '3\n', {
    timeoutMs: 20_000,
  })

  const run = async (...words: string[]) => {
    const result = await runCli(cli, words, { cwd: directory })
    assert.equal(result.code, 0, result.stdout + result.stderr)
    return result.stdout + result.stderr
  }
  assert.equal((await runCli(cli, ['invoke', '-f', 'count', '-d', 'hello world'], { cwd: directory })).stdout, '2\n')
  assert.match(await run('deploy'), /words-dev-count: unchanged, release 1/)
  assert.match(await run('info'), /words-dev-count: release 1, 0 queued, 0 running/)
  assert.match(await run('spillway', 'invocations'), /succeeded/)
  assert.match(await run('remove'), /words-dev-count: removed/)
}

function listen(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return () => text
}

/** Ctrl-C; whatever is left after that is killed by its id. */
async function stop(dev: ChildProcess, directory: string): Promise<void> {
  const dispatcher = readDispatcherFile(directory)?.pid
  if (dev.exitCode === null) {
    const ended = once(dev, 'exit')
    dev.kill('SIGINT')
    const timer = setTimeout(() => dev.kill('SIGKILL'), 15_000)
    await ended
    clearTimeout(timer)
  }
  try {
    if (dispatcher !== undefined) process.kill(dispatcher, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
