import assert from 'node:assert/strict'
import { isRuntimeClient } from '../../../runtime/contract/runtime-client.js'

describe('runtime clients', () => {
  const known = (...command: string[]) => isRuntimeClient({ kind: 'command', command })

  it('are known by the words that AWS has for its own', () => {
    assert.ok(known('/lambda-entrypoint.sh', 'app.handler'))
    assert.ok(known('/usr/local/bin/python', '-m', 'awslambdaric', 'app.handler'))
    assert.ok(known('/usr/local/bin/npx', 'aws-lambda-ric', 'index.handler'))
    assert.ok(known('java', '-cp', './*', 'com.amazonaws.services.lambda.runtime.api.client.AWSLambda', 'app.App'))
  })

  it('are no scripts and no other programs, unless it is said', () => {
    assert.ok(!known('python3', 'work.py') && !known('/lambda-entrypoint.sh.bak'))
    assert.ok(!isRuntimeClient({ kind: 'script', path: 'lambda-entrypoint.sh' }))
    assert.ok(isRuntimeClient({ kind: 'command', command: ['/main'], runtimeClient: true }))
    assert.ok(!isRuntimeClient({ kind: 'command', command: ['aws-lambda-ric'], runtimeClient: false }))
  })
})
