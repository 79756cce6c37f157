/** Runs a command of a developer, or the suites, inside the cluster's network until it ends. */
import { delimiter, dirname } from 'node:path'
import { runToEnd } from '../run-to-end.js'
import { pathOf } from './programs.js'
import { kubeconfigOf } from './kubeconfig.js'
import { factsFile, type ClusterPlace } from './place.js'
import { spawnInside } from './processes.js'

/** Resolves to its exit code. */
export const runInCluster = (place: ClusterPlace, command: string[], environment = {}): Promise<number> =>
  runToEnd(
    spawnInside(place, command, {
      stdio: 'inherit',
      environment: {
        KUBECONFIG: kubeconfigOf(place, 'admin'),
        SPILLWAY_TEST_CLUSTER: factsFile(place),
        PATH: `${dirname(pathOf('kubectl'))}${delimiter}${process.env.PATH}`,
        ...environment,
      },
    }),
  )
