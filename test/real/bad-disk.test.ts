/** Disks that are full, and disks whose fsync fails: real ones, which needs root and a C compiler. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DispatcherProcess, dispatchers } from '../support/dispatcher-process.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { survivesBadDisk } from '../suites/bad-disk.suite.js'

const BALLAST = Buffer.alloc(8_000_000)

describe('a full disk', function () {
  this.timeout(120_000)
  const directory = temporaryDirectory()
  const disk = () => join(directory(), 'disk')
  const running: DispatcherProcess[] = []

  before(function () {
    if (process.platform === 'linux' && process.getuid?.() === 0) return
    console.log('        skipped: a small disk of its own takes Linux and root')
    this.skip()
  })
  beforeEach(() => {
    mkdirSync(disk())
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'spillway-test', disk()])
  })
  afterEach(async () => {
    for (const dispatcher of running.splice(0)) await dispatcher.stop()
    execFileSync('umount', ['--lazy', disk()])
  })

  const start = async () => {
    symlinkSync(disk(), join(directory(), 'state'))
    const dispatcher = await DispatcherProcess.start({ directory: directory() })
    running.push(dispatcher)
    return dispatcher
  }

  it('under the state of the dispatcher makes it refuse with 503 and lose nothing; it goes on by itself when there is room', async () => {
    const dispatcher = await start()
    writeFileSync(join(disk(), 'ballast'), BALLAST)
    await survivesBadDisk({ dispatcher, harm: () => undefined, cure: () => rmSync(join(disk(), 'ballast')) })
  })

  it('under a storage fails work with no-space, and redrive cures it when there is room', async () => {
    const small = { type: 'directory', path: disk(), settle: 0.05 }
    const dispatcher = await DispatcherProcess.start({ directory: directory(), config: { storage: { small } } })
    running.push(dispatcher)
    writeFileSync(join(disk(), 'ballast'), BALLAST)
    const script = '#!/bin/sh\nhead -c 12000000 /dev/zero > "$TMP_OUTPUT_DIR/large"\n'
    await dispatcher.put('s-dev-f', script, { output: 'small://out/', retries: { attempts: 2, minDelay: 0 } })
    const record = await dispatcher.invokeAndWait('s-dev-f')
    assert.deepEqual([record.state, record.tries.map(({ cause }) => cause)], ['failed', ['no-space', 'no-space']])
    rmSync(join(disk(), 'ballast'))
    await dispatcher.call('POST', `/v1/invocations/${record.id}/redrive`)
    const cured = await dispatcher.invocation(record.id, '?wait=20s')
    assert.equal(cured.state, 'succeeded')
    assert.equal(statSync(join(disk(), 'out', 'large')).size, 12_000_000)
  })

  it('is survived when a script fills it: the script fails, and the next one finds room', async () => {
    const dispatcher = await start()
    const script = '#!/bin/sh\ncd "$TMP_OUTPUT_DIR"\ndd if=/dev/zero of=large bs=1M count=100 2>&1\nexit 4\n'
    await dispatcher.put('s-dev-f', script, { output: 'here://out/', retries: { attempts: 1 } })
    const record = await dispatcher.invokeAndWait('s-dev-f')
    assert.deepEqual([record.state, record.cause], ['failed', 'script-exit'])
    assert.equal((await dispatcher.call('GET', '/readyz')).status, 200)
    await dispatcher.put('s-dev-g', '#!/bin/sh\necho small\n')
    assert.equal((await dispatcher.invokeAndWait('s-dev-g')).state, 'succeeded')
  })
})

/** Fails while the file that it is told of is there. */
const SHIM = `
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int refuses(void) {
  const char *flag = getenv("SPILLWAY_TEST_FSYNC_FAILS");
  return flag != NULL && access(flag, F_OK) == 0;
}
static int flush(long call, int file) {
  if (!refuses()) return syscall(call, file);
  errno = EIO;
  return -1;
}
int fsync(int file) { return flush(SYS_fsync, file); }
int fdatasync(int file) { return flush(SYS_fdatasync, file); }
`

describe('a disk whose fsync fails', function () {
  this.timeout(120_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  before(function () {
    if (spawnSync('gcc', ['--version']).status === 0) return
    console.log('        skipped: needs gcc')
    this.skip()
  })

  it('makes the dispatcher refuse with 503 and lose nothing; it goes on by itself when the disk is well', async () => {
    const [source, shim, flag] = ['shim.c', 'shim.so', 'fails'].map((name) => join(directory(), name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(source, SHIM)
    execFileSync('gcc', ['-shared', '-fPIC', '-o', shim, source])
    const dispatcher = await start({ environment: { LD_PRELOAD: shim, SPILLWAY_TEST_FSYNC_FAILS: flag } })
    const cure = async () => {
      assert.equal((await dispatcher.call('GET', '/readyz')).status, 503)
      rmSync(flag)
    }
    await survivesBadDisk({ dispatcher, harm: () => writeFileSync(flag, ''), cure })
    assert.ok(!existsSync(flag))
  })
})
