/** Which releases are current, as the record has them. */
import assert from 'node:assert/strict'
import type { Database } from '../../../dispatcher/database/database.js'
import { Registry } from '../../../dispatcher/releases/registry.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'
import type { Release } from '../../../runtime/contract/release.js'

const spec = readFunctionSpec({ script: 'a.sh' }, { path: 'f', storages: [], backends: ['local'] }).value!
const release = (number: number): Release => ({ function: 'f', number, spec, packageDigest: 'd', createdAt: 0 })

describe('the registry', () => {
  it('goes by the newest look at the record, whichever answer comes last', async () => {
    const answers: ((releases: Release[]) => void)[] = []
    const currentReleases = () => new Promise<Release[]>((resolve) => answers.push(resolve))
    const database = { currentReleases } as Partial<Database> as Database
    const opening = Registry.open({ database, storages: [], backends: ['local'], refusals: () => [] })
    answers[0]!([release(1)])
    const registry = await opening
    const looks = [registry.refresh(), registry.refresh()]
    answers[2]!([release(3)])
    answers[1]!([release(2)])
    await Promise.all(looks)
    assert.equal(registry.current('f').number, 3)
  })
})
