/** The command line of a container. */
import assert from 'node:assert/strict'
import {
  INSIDE,
  runArguments,
  supervisorVariables,
  type ContainerRun,
} from '../../../../../dispatcher/backends/local/containers/run-arguments.js'
import { steering } from '../../../../../dispatcher/backends/steering.js'

const RUN: ContainerRun = {
  name: 'spillway-1',
  label: 'spillway.state=abc',
  image: 'sha256:42',
  memory: 512,
  kit: { directory: '/state/kit', loader: 'ld-linux-x86-64.so.2' },
  filesDir: '/state/releases/1',
  workerFile: '/state/workers/1/worker.json',
  scratch: '/state/workers/1/container',
  hidden: ['NODE_OPTIONS'],
  options: ['--gpus=all'],
}

describe('the command line of a container', () => {
  it('names variables without their values: the token is on no command line', () => {
    const words = runArguments(RUN)
    for (const name of Object.keys(supervisorVariables('127.0.0.1:1')))
      assert.equal(words[words.indexOf(name) - 1], '--env', name)
    assert.ok(!words.join(' ').includes('the-token'))
  })

  it("starts node by the kit's own loader, after the options and the image", () => {
    const words = runArguments(RUN)
    assert.equal(words[words.indexOf('--entrypoint') + 1], `${INSIDE.kit}/lib/ld-linux-x86-64.so.2`)
    const rest = words.slice(words.indexOf('--gpus=all') + 1)
    assert.deepEqual(rest.slice(0, 4), ['sha256:42', '--library-path', `${INSIDE.kit}/lib`, `${INSIDE.kit}/bin/node`])
    assert.equal(rest.at(-1), `${INSIDE.kit}/supervisor.cjs`)
  })

  it('lets nothing but the scratch space be written, and limits memory where that is possible', () => {
    const mounts = runArguments(RUN).filter((word) => word.startsWith('type=bind'))
    assert.deepEqual(
      mounts.filter((mount) => !mount.endsWith(',readonly')),
      [`type=bind,source=${RUN.scratch},target=${INSIDE.scratch}`],
    )
    assert.ok(runArguments(RUN).includes('512m'))
    const { memory: _, ...unlimited } = RUN
    assert.ok(!runArguments(unlimited).includes('--memory'))
  })

  it('takes paths with commas and quotes', () => {
    const words = runArguments({ ...RUN, filesDir: '/a,b/"c"' })
    assert.ok(words.includes(`type=bind,"source=/a,b/""c""",target=${INSIDE.files},readonly`))
  })

  it('hides from the supervisor what would steer it, and only that', () => {
    const words = runArguments(RUN)
    assert.equal(words[words.indexOf('NODE_OPTIONS=') - 1], '--env')
    const environment = {
      LD_PRELOAD: 'x',
      NODE_ENV: 'y',
      MALLOC_ARENA_MAX: '2',
      PATH: '/bin',
      NODE: 'z',
      OLD_LD_PATH: 'w',
    }
    assert.deepEqual(Object.keys(steering(environment)), ['LD_PRELOAD', 'NODE_ENV', 'MALLOC_ARENA_MAX'])
  })
})
