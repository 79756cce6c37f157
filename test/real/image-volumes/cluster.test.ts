/** The cluster of the tests on which pods may mount images. */
import assert from 'node:assert/strict'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { BUSYBOX, job, logOf, type TestJob } from '../cluster/jobs.js'

describe('the cluster with image volumes', function () {
  this.timeout(60_000)
  const cluster = testCluster({ own: true })
  const namespace = testNamespace(cluster)

  before(async () => {
    await cluster().makeImage({ reference: BUSYBOX, fill: busyboxRoot })
  })

  it('mounts an image into a pod under Pod Security "restricted", to be read only', async () => {
    const of = { namespace, name: 'mounts', line: '/kit/bin/busybox id -u && ! touch /kit/file 2> /dev/null' }
    await cluster().apply(withImageVolume(of))
    assert.equal(await logOf(cluster(), of), '1000\n')
  })
})

function withImageVolume(of: TestJob): object {
  const { spec, ...rest } = job(of)
  const pod = spec.template.spec
  const [container] = pod.containers
  const mounted = {
    ...pod,
    containers: [{ ...container, volumeMounts: [{ name: 'kit', mountPath: '/kit', readOnly: true }] }],
    volumes: [{ name: 'kit', image: { reference: BUSYBOX, pullPolicy: 'IfNotPresent' } }],
  }
  return { ...rest, spec: { ...spec, template: { spec: mounted } } }
}
