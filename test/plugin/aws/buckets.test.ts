/** The staging bucket: made so that it can be told from others, and kept as it should be. */
import assert from 'node:assert/strict'
import { keepStaging, makeBuckets } from '../../../plugin/aws/buckets.js'
import type { S3Api } from '../../../plugin/aws/s3-api.js'
import { withStagingRule } from '../../../plugin/aws/staging-rule.js'

const NEEDED = { staging: 'staging', others: [], owner: 'plants-dev' }
const other = { ID: 'other', Status: 'Enabled' as const, Filter: { Prefix: 'mine/' }, Expiration: { Days: 30 } }

/** Notes what is called; answers what it is told to. */
function s3Of(answers: Partial<Record<keyof S3Api, unknown>>): { s3: S3Api; called: string[] } {
  const called: string[] = []
  const call = (name: keyof S3Api) => async () => {
    called.push(name)
    const answer = answers[name]
    if (answer instanceof Error) throw answer
    return answer
  }
  const s3 = new Proxy({}, { get: (_, name) => call(name as keyof S3Api) }) as S3Api
  return { s3, called }
}

describe('the staging bucket', () => {
  it('is signed before anything else is done to it', async () => {
    const { s3, called } = s3Of({})
    await makeBuckets(s3, ['archive', 'staging'], NEEDED)
    assert.deepEqual(called, ['createBucket', 'closeToPublic', 'createBucket', 'setTags', 'closeToPublic'])
  })

  it('does not stay when it cannot be signed: nobody would ever remove it', async () => {
    const denied = new Error('access denied')
    const { s3, called } = s3Of({ setTags: denied })
    await assert.rejects(makeBuckets(s3, ['staging'], NEEDED), denied)
    assert.deepEqual(called, ['createBucket', 'setTags', 'deleteBucket'])
  })

  it('is closed, encrypted and cleared where that is missing, and else not touched', async () => {
    const missing = { tags: { spillway: 'plants-dev' }, lifecycle: [], isClosedToPublic: false, isEncrypted: false }
    const broken = s3Of(missing)
    await keepStaging(broken.s3, NEEDED)
    const writes = ['setLifecycle', 'closeToPublic', 'encrypt']
    assert.deepEqual(
      broken.called.filter((name) => writes.includes(name)),
      writes,
    )
    const whole = s3Of({ ...missing, lifecycle: withStagingRule([]), isClosedToPublic: true, isEncrypted: true })
    await keepStaging(whole.s3, NEEDED)
    assert.ok(!whole.called.some((name) => writes.includes(name)))
  })

  it('of somebody else gets the rule for what is ours, no more', async () => {
    const { s3, called } = s3Of({ tags: {}, lifecycle: [other] })
    await keepStaging(s3, NEEDED)
    assert.deepEqual(called, ['lifecycle', 'setLifecycle', 'tags'])
  })

  it('has our rule beside those of others, as S3 spells it', () => {
    const rules = withStagingRule([other])!
    assert.deepEqual(
      rules.map(({ ID }) => ID),
      ['other', 'spillway'],
    )
    assert.equal(withStagingRule(rules.toReversed()), undefined)
    const older = { ...rules[1]!, Expiration: { Days: 30 } }
    assert.deepEqual(withStagingRule([other, older]), rules)
  })
})
