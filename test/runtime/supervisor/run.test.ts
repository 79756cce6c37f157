import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.js'
import { bench, failedWith, succeeded } from './bench.js'

describe('supervisor: running', () => {
  const on = bench()

  it('runs a script without a shebang with /bin/sh, and one with a shebang though it may not be executed', async () => {
    const { run, api, start, hand, outcomeOf, directory } = on()
    succeeded(await run('echo "sh: $0 $INPUT_FILE_PATH"'))
    assert.match(api.logText('stdout'), /^sh: .*\/files\/script $/)
    await start('')
    const script = '#!/usr/bin/env node\r\nconsole.log("node:", process.argv[1])\n'
    writeFileSync(join(directory, 'files', 'script'), script)
    chmodSync(join(directory, 'files', 'script'), 0o644)
    succeeded(await outcomeOf(hand()))
    assert.match(api.logText('stdout'), /node: .*\/files\/script/)
  })

  it('runs a command that is found in PATH, and says so when there is none', async () => {
    const { run, api } = on()
    succeeded(await run('', {}, { run: { kind: 'command', command: ['printf', '%s-', 'a b', 'c'] } }))
    assert.equal(api.logText('stdout'), 'a b-c-')
    const failure = failedWith(await run('', {}, { run: { kind: 'command', command: ['no-such-program'] } }))
    assert.deepEqual([failure.cause, failure.exitCode], ['script-exit', 127])
    assert.match(failure.message, /no-such-program is not there/)
    const tooLong = { kind: 'command' as const, command: ['printf', 'x'.repeat(200_000)] }
    const refused = failedWith(await run('', {}, { run: tooLong }))
    assert.deepEqual([refused.cause, refused.exitCode], ['script-exit', 126])
    assert.match(refused.message, /E2BIG/)
  })

  it('reports exit codes and signals', async () => {
    const { start, hand, outcomeOf } = on()
    await start('case "$STORAGE_OBJECT_KEY" in kill) kill -9 $$;; *) exit 3;; esac')
    const exit = failedWith(await outcomeOf(hand()))
    assert.deepEqual([exit.cause, exit.exitCode, exit.message.includes('exit code 3')], ['script-exit', 3, true])
    const killed = failedWith(await outcomeOf(hand({ objectKey: 'kill' })))
    assert.deepEqual([killed.cause, killed.signal], ['script-exit', 'SIGKILL'])
  })

  it('posts a failure the way a Lambda runtime does', async () => {
    const { run, api } = on()
    await run('exit 3')
    const call = api.calls.find(({ path }) => path.endsWith('/error'))!
    assert.equal(call.headers['lambda-runtime-function-error-type'], 'Spillway.script-exit')
    assert.equal(call.headers.authorization, 'Bearer token-of-the-worker')
    const body = JSON.parse(call.body.toString()) as Record<string, unknown>
    assert.deepEqual(body['stackTrace'], [])
    assert.equal(body['errorType'], 'Spillway.script-exit')
  })

  it('keeps both streams as lines, in order, the last one without its end too', async () => {
    const { run, api } = on()
    succeeded(await run('printf "one\\ntwo\\n\\nthree"; echo oops >&2; printf "\\303\\251"'))
    assert.deepEqual(
      api.log.filter((line) => line.stream === 'stdout').map((line) => line.text),
      ['one', 'two', '', 'threeé'],
    )
    assert.equal(api.logText('stderr'), 'oops')
  })

  it('starts in the working directory of the image, made when it lies under /tmp', async () => {
    const { run, api, directory } = on()
    const workingDirectory = join(directory, 'made', 'here')
    succeeded(await run('pwd', {}, { workingDirectory }))
    assert.equal(api.logText('stdout'), workingDirectory)
    const failure = failedWith(await run('pwd', {}, { workingDirectory: '/no-such-directory' }))
    assert.deepEqual([failure.cause, failure.message.includes('/no-such-directory')], ['image', true])
  })

  it('keeps the environment of the image but nothing of its own', async () => {
    const { start, hand, outcomeOf, api } = on()
    const own = { LANG: 'C', NODE_ENV: 'production', SPILLWAY_THEME: 'dark', LD_LIBRARY_PATH: '/none', IMAGE: 'x' }
    await start('env; tr "\\0" "\\n" < /proc/self/environ', { environment: { COLOUR: 'green', IMAGE: 'changed' } }, own)
    succeeded(await outcomeOf(hand()))
    const text = api.logText('stdout')
    for (const line of ['LANG=C', 'NODE_ENV=production', 'SPILLWAY_THEME=dark', 'LD_LIBRARY_PATH=/none'])
      assert.ok(text.split('\n').includes(line), line)
    assert.match(text, /^COLOUR=green$/m)
    assert.match(text, /^IMAGE=changed$/m)
    assert.match(text, /^TMPDIR=.*\/tmp$/m)
    assert.doesNotMatch(text, /token-of-the-worker|AWS_LAMBDA_RUNTIME_API|SPILLWAY_(WORKER|SCRATCH)/)
  })

  it('leaves EVENT out when it is too long for a variable; the file has it', async () => {
    const { run, api } = on()
    const event = { long: 'x'.repeat(200_000) }
    succeeded(await run('echo "${EVENT-none}"; wc -c < "$EVENT_FILE_PATH"', { event }))
    assert.equal(api.logText('stdout').replace(/ /g, ''), `none\n${JSON.stringify(event).length}`)
  })

  it('writes down the process group while it runs, and removes it and the workspace afterwards', async () => {
    const { start, hand, outcomeOf, directory, api } = on()
    const { scratch } = await start('echo $$; ps -o pgid= $$; while [ ! -e "$GO" ]; do sleep 0.02; done', {
      environment: { GO: join(directory, 'go') },
    })
    const attempt = hand()
    const group = await eventually(() => readFileSync(join(scratch, 'process-group'), 'utf8'))
    await eventually(() => api.log.length >= 1)
    assert.equal(api.log[0]!.text, group)
    assert.deepEqual(readdirSync(join(scratch, attempt)).sort(), ['event.json', 'input', 'output', 'tmp', 'work'])
    writeFileSync(join(directory, 'go'), '')
    succeeded(await outcomeOf(attempt))
    await eventually(() => !existsSync(join(scratch, attempt)))
    assert.deepEqual(readdirSync(scratch), ['prepared'])
  })

  it('removes a workspace that a script made hard to remove', async () => {
    const { start, hand, outcomeOf } = on()
    const { scratch } = await start(
      'mkdir -p work/a; touch work/a/b; chmod 555 work/a; touch "$TMPDIR/$(printf "\\377")"',
    )
    const attempt = hand()
    succeeded(await outcomeOf(attempt))
    await eventually(() => !existsSync(join(scratch, attempt)))
  })

  it('answers with standard output when that is wanted: text, bytes, cut at the limit', async () => {
    const { start, hand, outcomeOf } = on()
    await start(
      'case "$STORAGE_OBJECT_KEY" in bytes) printf "\\377";; long) head -c 7000000 /dev/zero;; *) echo hello;; esac',
    )
    const ask = async (objectKey: string) => succeeded(await outcomeOf(hand({ objectKey, wantsResult: true }))).result!
    assert.deepEqual(await ask('text'), { encoding: 'utf8', body: 'hello\n' })
    assert.deepEqual(await ask('bytes'), { encoding: 'base64', body: '/w==' })
    const long = await ask('long')
    assert.deepEqual([long.body.length, long.truncated], [6 * 1024 ** 2, true])
  })

  it('does not wait for a process that left the group, and kills it', async () => {
    const { run } = on()
    const started = Date.now()
    const outcome = await run('setsid sleep 301 & (sleep 302 &) ; echo done')
    succeeded(outcome)
    assert.ok(Date.now() - started < 4000)
    await eventually(() => !isRunning('sleep 301') && !isRunning('sleep 302'), { what: 'the end of the stragglers' })
  })
})

function isRunning(commandLine: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((id) => {
      try {
        return readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').startsWith(commandLine)
      } catch {
        return false
      }
    })
}
