/** The runtime contract in sandboxes as Lambda has them: section 3, line by line, with derived images. */
import { randomUUID } from 'node:crypto'
import {
  runtimeContractSuite,
  type Job,
  type JobEnd,
  type RuntimeUnderTest,
} from '../../suites/runtime-contract.suite.js'
import { busyboxRoot, glibcRoot } from '../../support/containers/root-directories.js'
import { callForJob, endOfJob } from '../../support/lambda/job-call.js'
import type { SmallS3 } from '../../support/s3/small-s3.js'
import { DerivedFunctions, whyNoDerivedFunctions, type Derived } from './derived-functions.js'
import { RealLambda } from './real-lambda.js'

const IMAGES = { busybox: busyboxRoot, 'Debian with glibc': glibcRoot }
const FUNCTION = 'contract-dev-work'

const missing = whyNoDerivedFunctions()
if (missing === undefined) {
  for (const [name, fill] of Object.entries(IMAGES))
    runtimeContractSuite({ name: `Lambda, ${name}`, start: () => startWith(fill) })
} else {
  describe('runtime contract: Lambda', () => {
    it(`is skipped: ${missing}`, function () {
      this.skip()
    })
  })
}

interface Place {
  functions: DerivedFunctions
  derived: Derived
  lambda: RealLambda
  s3: SmallS3
}

async function startWith(fill: (root: string) => void): Promise<RuntimeUnderTest> {
  const functions = await DerivedFunctions.start()
  // On Lambda nothing can be written but below /tmp.
  functions.push('base', { fill, config: { WorkingDir: `/tmp/${randomUUID()}` } })
  const derived = await functions.derive({ base: 'base', name: FUNCTION, spec: { command: ['true'] } })
  const place = { functions, derived, ...(await RealLambda.startSmall()) }
  return {
    functionName: FUNCTION,
    backend: 'lambda',
    run: (job) => runJob(job, place),
    stop: async () => {
      await place.lambda.stop()
      await place.s3.stop()
      await functions.stop()
    },
  }
}

async function runJob(job: Job, { functions, derived, lambda, s3 }: Place): Promise<JobEnd> {
  const environment = job.environment ?? {}
  const spec = {
    ...('script' in job.run ? { script: 'work.sh' } : { command: job.run.command }),
    output: { storage: 'lake', bucket: 'out', match: job.match ?? ['**'] },
    environment,
    timeout: 60,
    files: Object.keys(job.files ?? {}),
  }
  const files = { ...job.files, ...('script' in job.run ? { 'work.sh': job.run.script } : {}) }
  const variant = await functions.variantOf(derived, { base: 'base', name: FUNCTION, spec, files })
  await lambda.install(variant, { environment })
  const call = callForJob(job, s3)
  await lambda.invoke(FUNCTION, call)
  return endOfJob(call, s3, FUNCTION)
}
