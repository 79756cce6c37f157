import assert from 'node:assert/strict'
import { chooseKitWay, type KitFacts } from '../../../../dispatcher/backends/kubernetes/kit-way.js'

const NEW = { serverVersion: 'v1.35.4', runtimes: ['containerd://2.1.4', 'cri-o://1.35.0'] }
const choose = (facts: Partial<KitFacts>) => chooseKitWay({ wanted: 'auto', serverVersion: 'v1.34.4', ...facts })

describe('kubernetes: how the runtime kit gets in', () => {
  it('takes derived images when there is a registry for them', () =>
    assert.deepEqual(choose({ registry: 'r.example.org/s', kitImage: 'k', ...NEW }), {
      way: 'derived',
      because: 'derived images are kept in r.example.org/s',
    }))

  it('takes an image volume when the cluster has them', () =>
    assert.deepEqual(choose({ kitImage: 'k', ...NEW }), {
      way: 'image-volume',
      because: 'no registry is configured and the cluster has image volumes',
    }))

  for (const [doubt, facts] of [
    ['image volumes need Kubernetes 1.35, this is v1.34.4', { runtimes: NEW.runtimes }],
    ['image volumes need Kubernetes 1.35, this is odd', { ...NEW, serverVersion: 'odd' }],
    ['nodes may not be looked at, so nobody knows whether they have image volumes', { serverVersion: 'v1.36.0+k3s1' }],
    [
      'the runtime containerd://1.7.27 of a node has no image volumes',
      { ...NEW, runtimes: ['containerd://2.1.0', 'containerd://1.7.27'] },
    ],
    ['the runtime docker://29.1 of a node has no image volumes', { ...NEW, runtimes: ['docker://29.1'] }],
  ] as const)
    it(`copies the kit because ${doubt}`, () =>
      assert.deepEqual(choose({ kitImage: 'k', ...facts }), {
        way: 'init-container',
        because: `no registry is configured and ${doubt}`,
      }))

  it('does as it is told', () => {
    for (const wanted of ['image-volume', 'init-container'] as const)
      assert.deepEqual(choose({ wanted, kitImage: 'k', registry: 'r' }), {
        way: wanted,
        because: 'the configuration says so',
      })
  })

  it('says what is missing', () => {
    assert.match(JSON.stringify(choose({})), /one of registry.*and kitImage/)
    assert.match(JSON.stringify(choose({ wanted: 'derived', kitImage: 'k' })), /needs registry/)
    assert.match(JSON.stringify(choose({ wanted: 'image-volume', registry: 'r' })), /needs kitImage/)
  })
})
