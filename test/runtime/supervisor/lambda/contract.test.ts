/** The runtime contract on the Lambda of this process. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WorkerRun } from '../../../../runtime/contract/runtime-api.js'
import {
  runtimeContractSuite,
  type Job,
  type JobEnd,
  type RuntimeUnderTest,
} from '../../../suites/runtime-contract.suite.js'
import { callForJob, endOfJob } from '../../../support/lambda/job-call.js'
import { FUNCTION, SmallLambda } from '../../../support/lambda/small-lambda.js'

runtimeContractSuite({ name: 'Lambda of this process', start })

async function start(): Promise<RuntimeUnderTest> {
  const root = mkdtempSync(join(tmpdir(), 'spillway-lambda-'))
  const lambda = await SmallLambda.start(root)
  return {
    functionName: FUNCTION,
    backend: 'lambda',
    run: (job) => runJob(job, lambda),
    stop: async () => {
      await lambda.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

async function runJob(job: Job, lambda: SmallLambda): Promise<JobEnd> {
  const environment = job.environment ?? {}
  const run: WorkerRun =
    'script' in job.run ? { kind: 'script', path: 'work.sh' } : { kind: 'command', command: job.run.command }
  await lambda.install({
    ...('script' in job.run ? { script: job.run.script } : {}),
    ...(job.files ? { files: job.files } : {}),
    file: {
      run,
      variables: Object.keys(environment),
      // Below /tmp it is there for one run only.
      workingDirectory: `/tmp/spillway-${randomUUID()}`,
      output: [{ storage: 'lake', bucket: 'b', prefix: '', match: job.match ?? ['**'] }],
      limits: { timeout: 60, memorySize: 1024, ephemeralStorageSize: 512 },
    },
    function: { environment },
  })
  const call = callForJob(job, lambda.s3)
  await lambda.invoke(call)
  return endOfJob(call, lambda.s3, FUNCTION)
}
