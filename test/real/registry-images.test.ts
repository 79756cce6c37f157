/** Images that were made without Docker, run by an engine that knows nothing of us. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Images } from '../../dispatcher/images/images.js'
import { openImages } from '../../dispatcher/images/open-images.js'
import { Podman } from '../support/containers/podman.js'
import { busyboxRoot, glibcRoot, muslRoot, staticRoot } from '../support/containers/root-directories.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { skipWhere } from '../support/skip-where.js'
import { RegistryServer, whyNoRegistry } from './programs/registry.js'

const REPOSITORY = resolve(__dirname, '../..')

/** Compressed, all layers: what a node pulls. */
const IMAGE_MEGABYTES_MAX = 60

const RESTRICTED = [
  '--rm',
  '--read-only',
  '--cap-drop',
  'all',
  '--security-opt',
  'no-new-privileges',
  '--network',
  'host',
]

describe('images without Docker', function () {
  this.timeout(300_000)
  let root: string
  let registry: RegistryServer
  let podman: Podman

  skipWhere(() => whyNoRegistry() ?? Podman.missing())
  before(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
    registry = await RegistryServer.start()
    podman = Podman.open()
  })
  after(async () => {
    podman?.close()
    await registry?.stop()
    if (root) rmSync(root, { recursive: true, force: true, maxRetries: 5 })
  })

  const pull = (reference: string) => podman.run('pull', '--quiet', '--tls-verify=false', reference)

  describe('derived from images of every kind', () => {
    let images: Images
    before(() => {
      images = openImages({
        cacheDirectory: join(root, 'images'),
        supervisor: join(REPOSITORY, 'dist/runtime/supervisor.cjs'),
        node: process.execPath,
        credentials: [],
        now: Date.now,
      })
    })
    after(() => images?.close())

    const CONFIG = { Entrypoint: ['/bin/tell', 'first word'], WorkingDir: '/srv/work', User: '1000:1000' }
    const KINDS = {
      busybox: { fill: busyboxRoot, config: { Cmd: ['echo', 'word'] } },
      glibc: { fill: glibcRoot, config: { Cmd: ['sh', '-c', 'echo word'] } },
      musl: { fill: muslRoot, config: CONFIG },
      static: { fill: staticRoot, config: CONFIG },
    }
    for (const [kind, { fill, config }] of Object.entries(KINDS))
      it(`run what they ran, and the kit as anybody: ${kind}`, async () => {
        const local = podman.makeImage(kind, fill, config)
        podman.run('push', '--quiet', '--tls-verify=false', local, `${registry.host}/base/${kind}:1`)
        const base = `${registry.host}/base/${kind}:1`
        const derived = await images.deriveImage({ base, layers: ['kit'], repository: `${registry.host}/derived` })
        pull(derived.reference)
        assert.match(podman.run('run', ...RESTRICTED, '--env', 'TMP_OUTPUT_DIR=/tmp', derived.reference), /word/)
        const [loader, ...words] = await images.kitCommand()
        const tell = 'console.log(process.version, process.getuid())'
        const own = [...words.slice(0, -1), '-e', tell]
        const as = ['--user', '12345:12345', '--entrypoint', loader!]
        assert.equal(podman.run('run', ...RESTRICTED, ...as, derived.reference, ...own), `${process.version} 12345\n`)
        const supervisor = spawnWith(podman, ['run', ...RESTRICTED, ...as, derived.reference, ...words])
        assert.match(supervisor, /SPILLWAY_|AWS_LAMBDA_RUNTIME_API/, 'the supervisor says what it misses')
      })
  })

  describe("the dispatcher's own", () => {
    let program: string
    let pushed: { reference: string; megabytes: number }

    before(() => {
      const directory = join(root, 'project')
      mkdirSync(directory)
      writeFileSync(join(directory, 'package.json'), '{"name": "project", "private": true}')
      const npm = (cwd: string, ...words: string[]) =>
        execFileSync('npm', [...words, '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
          cwd,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        })
      const packed = npm(REPOSITORY, 'pack', '--ignore-scripts', '--pack-destination', root).trim().split('\n').at(-1)!
      npm(directory, 'install', join(root, packed))
      program = join(directory, 'node_modules/.bin/spillway')
      pushed = push('spillway', 'cache')
    })

    const push = (name: string, cache: string) => {
      const words = ['image', 'push', `${registry.host}/${name}`, '--cache', join(root, cache)]
      const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' })
      assert.equal(status, 0, stderr)
      return { reference: stdout.trim(), megabytes: Number(/\(([\d.]+) MB\)/.exec(stderr)?.[1]) }
    }

    it('is small, and the same when it is built again from nothing', () => {
      process.stdout.write(`      ${pushed.megabytes} MB\n`)
      assert.ok(pushed.megabytes < IMAGE_MEGABYTES_MAX)
      assert.equal(push('spillway', 'another cache').reference, pushed.reference)
    })

    it('runs as nobody on a read-only root, and answers', async () => {
      pull(pushed.reference)
      const port = await freePort()
      const config = join(root, 'dispatcher.yml')
      writeFileSync(
        config,
        JSON.stringify({
          listen: `127.0.0.1:${port}`,
          storage: { here: { type: 'directory', path: '/var/lib/spillway/data' } },
        }),
      )
      const mount = ['--volume', `${config}:/etc/spillway/dispatcher.yml:ro`]
      podman.run('run', '--detach', '--name', 'dispatcher', ...RESTRICTED, ...mount, pushed.reference)
      try {
        const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
        await eventually(async () => (await get('/healthz')).ok, { timeoutMs: 30_000, what: 'a dispatcher' })
        assert.equal((await get('/readyz')).status, 200)
        assert.equal((await get('/docs/static/swagger-ui.css')).status, 200)
        assert.equal(
          podman.run('exec', 'dispatcher', '/usr/local/bin/node', '-e', INSIDE),
          '65532 true refused every package',
        )
      } finally {
        podman.run('rm', '--force', '--time', '5', 'dispatcher')
      }
    })

    it('can make itself: what it pushes is the same image', () => {
      pull(pushed.reference)
      const words = ['image', 'push', `${registry.host}/again`]
      const again = podman.run('run', ...RESTRICTED, pushed.reference, ...words).trim()
      assert.equal(again.split('@')[1], pushed.reference.split('@')[1])
    })
  })
})

/** Who it is, whether its database is there, what it may write, and what it can load. */
const INSIDE = `
  const { existsSync, writeFileSync } = require('node:fs')
  const { createRequire } = require('node:module')
  const manifest = '/usr/local/lib/spillway/package.json'
  const own = createRequire(manifest)
  const write = () => { try { writeFileSync('/opt/x', '') ; return 'written' } catch { return 'refused' } }
  const load = async (name) => { own(name); await import(own.resolve(name)) }
  Promise.all(Object.keys(require(manifest).dependencies).map(load)).then(
    () => process.stdout.write([process.getuid(), existsSync('/var/lib/spillway/spillway.db'), write(), 'every package'].join(' ')),
    (error) => process.stdout.write(String(error)),
  )
`

/** Everything it said, however it ended. */
function spawnWith(podman: Podman, words: string[]): string {
  const { stdout, stderr } = spawnSync('podman', words, {
    env: { ...process.env, ...podman.environment },
    encoding: 'utf8',
  })
  return stdout + stderr
}
