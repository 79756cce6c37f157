import assert from 'node:assert/strict'
import { functionDefinition, hiddenOf } from '../../../../../dispatcher/backends/lambda/compile/function-definition.js'
import { functionFile } from '../../../../../dispatcher/backends/lambda/compile/function-file.js'
import { functionLayer } from '../../../../../dispatcher/backends/lambda/compile/function-layer.js'
import { parseSecretName } from '../../../../../runtime/contract/lambda-function.js'
import { lambdaFunction, lambdaService } from '../../../../support/lambda-service.js'

const FACTS = {
  reference: 'registry.example.org/a/b@sha256:0',
  id: 'sha256:1',
  architecture: 'x86_64' as const,
  entrypoint: ['/bin/classify'],
  command: ['--fast'],
  program: ['/bin/classify', '--fast'],
  workingDirectory: '/tmp/work',
  user: 'plant',
  environment: { PATH: '/bin', LD_LIBRARY_PATH: '/opt/lib' },
}

const fileOf = (written: Record<string, unknown>, facts = FACTS) => {
  const entry = lambdaFunction('f', written)
  return functionFile({ entry, service: lambdaService([entry]), facts, digest: 'd' })
}

describe('what the supervisor on Lambda is told', () => {
  it('is the function, with what its image says', () => {
    const { run, workingDirectory, user, imageEnvironment, variables, staging, limits, storages } = fileOf({
      input: 'lake://in/',
      output: 'far://out/',
      environment: { A: 'secretless' },
      timeout: '1h',
    })
    assert.deepEqual(run, { kind: 'command', command: ['/bin/classify', '--fast'] })
    assert.deepEqual({ workingDirectory, user }, { workingDirectory: '/tmp/work', user: 'plant' })
    assert.deepEqual(imageEnvironment, { PATH: '/bin', LD_LIBRARY_PATH: '/opt/lib' })
    assert.deepEqual(variables, ['A'], 'values are in the environment of the Lambda function')
    assert.deepEqual(staging, { bucket: 'garden-staging', prefix: 'spillway/garden-dev-f/' })
    assert.deepEqual(limits, { timeout: 900, memorySize: 1024, ephemeralStorageSize: 512 })
    assert.deepEqual(storages, { far: { region: 'us-west-2' }, lake: {} })
  })

  it('keeps variables that would steer the supervisor for the script', () => {
    const { imageEnvironment, variables } = fileOf({
      environment: { A: '1', NODE_OPTIONS: '--bad', LD_PRELOAD: 'x.so' },
    })
    assert.deepEqual(variables, ['A'])
    assert.deepEqual(imageEnvironment, { ...FACTS.environment, NODE_OPTIONS: '--bad', LD_PRELOAD: 'x.so' })
    const { environment } = functionDefinition(
      lambdaFunction('f', { environment: { A: '1', NODE_OPTIONS: '--bad' } }),
      lambdaService([]),
    )
    assert.deepEqual(environment, { A: '1', NODE_OPTIONS: '' })
    assert.deepEqual(hiddenOf(FACTS.environment), { LD_LIBRARY_PATH: '' })
  })

  it('runs the script or the command instead of the image’s own program', () => {
    assert.deepEqual(fileOf({ script: './a/s.sh' }).run, { kind: 'script', path: 'a/s.sh' })
    assert.deepEqual(fileOf({ command: ['cat'] }).run, { kind: 'command', command: ['cat'] })
    assert.throws(() => fileOf({}, { ...FACTS, program: [] }), {
      code: 'image-refused',
      message: /has neither ENTRYPOINT nor CMD, and the function neither `script` nor `command`/,
    })
  })

  it('lies in the image beside the files, readable by everyone', () => {
    const data = Buffer.from('hello').toString('base64')
    const layer = functionLayer(fileOf({ script: 's.sh' }), [{ path: 'a/s.sh', mode: 0o755, data }])
    assert.deepEqual(
      layer.map(({ path, mode }) => [path, mode]),
      [
        ['/opt/spillway/function/worker.json', 0o644],
        ['/opt/spillway/function/files/a/s.sh', 0o755],
      ],
    )
    assert.deepEqual((layer[1] as { content: Buffer }).content, Buffer.from('hello'))
  })

  it('names secrets and values in them', () => {
    assert.deepEqual(parseSecretName('key'), { name: 'key' })
    assert.deepEqual(parseSecretName('db/password'), { name: 'db', key: 'password' })
    assert.deepEqual(parseSecretName('prod/db/password'), { name: 'prod/db', key: 'password' })
    assert.deepEqual(parseSecretName('prod/db/'), { name: 'prod/db' })
  })
})
