import assert from 'node:assert/strict'
import { limitsOf } from '../../../../dispatcher/backends/kubernetes/limits.js'

const node = (allocatable: Record<string, string>, { unschedulable = false, architecture = '' } = {}) => ({
  metadata: { name: 'n' },
  spec: { unschedulable },
  status: { allocatable, ...(architecture ? { nodeInfo: { architecture } } : {}) },
})

describe('kubernetes limits', () => {
  it('are those of the largest node', () =>
    assert.deepEqual(
      limitsOf([
        node({ cpu: '3920m', memory: '16Gi', 'ephemeral-storage': '10Gi', 'nvidia.com/gpu': '2' }),
        node({ cpu: '8', memory: '8Gi', 'ephemeral-storage': '20Gi' }),
        node({ cpu: '64', memory: '512Gi', 'ephemeral-storage': '1Ti' }, { unschedulable: true }),
      ]),
      {
        name: 'kubernetes',
        public: false,
        memoryMax: 16384,
        ephemeralStorageMax: 20480,
        cpuMax: 8,
        gpuMax: 2,
      },
    ))

  it('name the architectures that there are nodes of, where all of them tell', () => {
    const of = (...architectures: string[]) =>
      limitsOf(architectures.map((architecture) => node({}, { architecture }))).architectures
    assert.deepEqual(of('amd64', 'arm64', 'amd64'), ['x86_64', 'arm64'])
    assert.deepEqual(of('arm64', ''), undefined)
    assert.deepEqual(of('amd64', 's390x'), undefined)
  })

  it('are none where nodes may not be looked at, or where there are none yet', () => {
    assert.deepEqual(limitsOf(undefined), { name: 'kubernetes', public: false })
    assert.deepEqual(limitsOf([]), { name: 'kubernetes', public: false })
  })
})
