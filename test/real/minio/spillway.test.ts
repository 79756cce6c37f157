/** The spillway with two slots on this machine as the private side, and Lambda as processes beside it: no root is needed. */
import { DispatcherProcess } from '../../support/dispatcher-process.js'
import { onLambda } from '../../support/lambda/beside-lambda.js'
import { SmallLambda } from '../../support/lambda/small-lambda.js'
import { skipWhere } from '../../support/skip-where.js'
import { spillwaySuite } from '../../suites/spillway.suite.js'
import { MinioServer, whyNoMinio } from '../programs/minio.js'

describe('the spillway, from this machine to Lambda', function () {
  this.timeout(5 * 60_000)
  skipWhere(whyNoMinio)

  spillwaySuite({
    home: 'local',
    minio: () => MinioServer.start(),
    lambda: async ({ directory, script }) => {
      const lambda = await SmallLambda.start(directory)
      await lambda.install({ script })
      return lambda
    },
    start: ({ lake, ...rest }) => {
      const backends = { local: { slots: 2, containers: 'off' }, lambda: onLambda() }
      return DispatcherProcess.start({ ...rest, config: { storage: { lake }, backends } })
    },
    spec: () => ({}),
  })
})
