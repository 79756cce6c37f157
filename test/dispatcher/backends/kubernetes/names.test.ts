import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { instanceOf, jobName, labelValue } from '../../../../dispatcher/backends/kubernetes/names.js'

const LABEL = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const anyName = fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/))

describe('kubernetes names', () => {
  it('reads well', () => {
    const name = jobName('plants-dev-classify', '0c2f9a7b-e110-4000-8000-0c2f9a7be110')
    assert.equal(name, 'plants-dev-classify-0c2f9a7be110')
  })

  it('makes names that any cluster takes, short enough for the pods of the Job', () =>
    fc.assert(
      fc.property(anyName, fc.uuid(), (name, worker) => {
        const job = jobName(name, worker)
        assert.match(job, DNS_LABEL)
        assert.ok(job.length <= 57, job)
      }),
    ))

  it('gives every worker another name', () => {
    const names = Array.from({ length: 1000 }, () => jobName('f'.repeat(128), randomUUID()))
    assert.equal(new Set(names).size, 1000)
  })

  it('makes labels that any cluster takes, and keeps those that are good', () => {
    assert.equal(labelValue('plants-dev-classify'), 'plants-dev-classify')
    fc.assert(fc.property(anyName, (name) => assert.match(labelValue(name), LABEL)))
  })

  it('keeps long labels apart that begin alike', () =>
    assert.notEqual(labelValue(`${'a'.repeat(100)}1`), labelValue(`${'a'.repeat(100)}2`)))

  it('tells dispatchers apart by their secret, and one from itself never', () => {
    assert.equal(instanceOf(Buffer.from('a')), instanceOf(Buffer.from('a')))
    assert.notEqual(instanceOf(Buffer.from('a')), instanceOf(Buffer.from('b')))
  })
})
