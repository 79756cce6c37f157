/**
 * A real Kubernetes cluster of one node on this machine, for the tests. As root:
 *
 *   npx tsx test/real/cluster/main.ts up [--name NAME] [--image-volumes]     builds what is missing, starts it; nothing if it is up
 *   npx tsx test/real/cluster/main.ts run [--name NAME] -- COMMAND [ARG ...]  COMMAND inside the cluster's network
 *   npx tsx test/real/cluster/main.ts down [--name NAME]                     ends all of its processes, removes all of its data
 *
 * Clusters of different names live side by side (default `dev`; `npm run test:real` has its own). COMMAND sees kubectl first on
 * PATH, KUBECONFIG, and SPILLWAY_TEST_CLUSTER, by which `testCluster()` of a suite finds the cluster:
 *
 *   npx tsx test/real/cluster/main.ts run -- npx mocha test/real/kubernetes/cluster.test.ts
 *   npx tsx test/real/cluster/main.ts run -- kubectl get pods --all-namespaces
 *
 * 127.0.0.1 and every port belong to the cluster's network; what listens on 0.0.0.0 there is reached by pods at 10.125.0.1.
 * With --image-volumes pods may mount images, by a containerd of our own instead of Debian's.
 * There is no way from there to the outside. Logs are in /tmp/spillway-cluster-NAME/logs.
 * `up` needs Go and the Debian packages of test/real/packages.ts. Of the machine itself the kubelet changes kernel.panic,
 * kernel.panic_on_oops and vm.overcommit_memory, and makes /var/lib/kubelet and /usr/libexec/kubernetes.
 */
import { parseArgs } from 'node:util'
import { placeOf } from './place.js'
import { runInCluster } from './run-in-cluster.js'
import { down, up } from './up.js'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { name: { type: 'string', default: 'dev' }, 'image-volumes': { type: 'boolean' } },
  })
  const [verb, ...command] = positionals
  const place = placeOf(values.name, { imageVolumes: values['image-volumes'] })
  if (verb === 'up') return up(place, say)
  if (verb === 'down') return down(place)
  if (verb !== 'run' || command.length === 0) throw new Error('one of: up, down, run -- COMMAND')
  process.exitCode = await runInCluster(place, command)
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
