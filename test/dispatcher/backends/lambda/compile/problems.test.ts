import assert from 'node:assert/strict'
import type { LambdaFunction } from '../../../../../dispatcher/backends/lambda/compile/lambda-service.js'
import { lambdaServiceProblems } from '../../../../../dispatcher/backends/lambda/compile/problems.js'
import { lambdaMisfits } from '../../../../../dispatcher/backends/lambda/limits.js'
import { formatProblem } from '../../../../../runtime/contract/problem.js'
import { lambdaFunction, lambdaService } from '../../../../support/lambda-service.js'

const problems = (...functions: LambdaFunction[]) => lambdaServiceProblems(lambdaService(functions)).map(formatProblem)

describe('what keeps a function from Lambda', () => {
  it('is too much environment, or variables of Lambda’s own, or too long a name', () => {
    const name = 'f'.repeat(64)
    assert.deepEqual(problems({ ...lambdaFunction('f', { environment: { A: 'a'.repeat(4088) } }), name: 'x' }), [])
    const found = problems(lambdaFunction(name, { environment: { A: 'a'.repeat(4089), AWS_REGION: 'here' } }))
    assert.match(found[0]!, /must be called by at most 64 characters on Lambda, .*; it has 75/)
    assert.match(found[1]!, /environment must be at most 4096 bytes on Lambda, all variables together, not 4117\./)
    assert.match(found[2]!, /environment\.AWS_REGION is a variable that Lambda sets itself/)
  })

  it('is a bucket that S3 does not know, one far away, or the place of files that pass through', () => {
    const found = problems(
      lambdaFunction('f', {
        input: ['lake://My_Bucket/', 'far://shelf/', 'lake://garden-staging/spillway/x/'],
        output: ['far://shelf/', 'lake://garden-staging/'],
      }),
    )
    assert.match(found[0]!, /f\.input\[0\]\.bucket is no name of a bucket in S3, got "My_Bucket"/)
    assert.match(found[1]!, /f\.input\[1\] must be in eu-west-1, where the function is: .* got "us-west-2"/)
    assert.match(found[2]!, /f\.input\[2\] must lie elsewhere than the files that pass through the staging bucket/)
    assert.match(found[3]!, /f\.output\[1\] must lie elsewhere/)
    assert.equal(found.length, 4)
  })

  it('is an input that another takes too, unless a dispatcher starts both', () => {
    const a = { input: 'lake://shelf/a/' }
    const all = { input: 'lake://shelf/' }
    assert.match(
      problems(lambdaFunction('one', a), lambdaFunction('other', all)).join(),
      /^functions\.one\.input takes objects of shelf that functions\.other takes too, and S3 reports an object to one of them only\. Give them prefixes/,
    )
    const dispatched = { road: 'dispatched' as const }
    assert.match(
      problems(lambdaFunction('one', a), lambdaFunction('other', all, dispatched)).join(),
      /functions\.one\.input takes objects of shelf that the dispatcher takes too/,
    )
    assert.deepEqual(problems(lambdaFunction('one', a, dispatched), lambdaFunction('other', all, dispatched)), [])
  })

  it('is more memory, scratch space or GPUs than Lambda has, with both numbers; a long timeout is not', () => {
    const { spec } = lambdaFunction('f', {
      memorySize: '20Gi',
      ephemeralStorageSize: '11Gi',
      gpu: 1,
      timeout: '5h',
      backends: ['local', 'lambda'],
    })
    assert.deepEqual(lambdaMisfits(spec), [
      'memorySize 20,480 MB is over 10,240 MB',
      'ephemeralStorageSize 11,264 MB is over 10,240 MB',
      'gpu 1 is over 0',
    ])
    assert.deepEqual(lambdaMisfits(lambdaFunction('f', { timeout: '5h' }).spec), [])
  })
})
