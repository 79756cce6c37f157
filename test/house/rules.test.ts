/** House rules that a machine can check. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY, sources } from './sources.js'

/** Of https://www.apache.org/licenses/LICENSE-2.0.txt */
const APACHE_2_SHA256 = 'cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30'

/** Readers of the environment; programs hand theirs to a `config`. */
const MAY_READ_ENVIRONMENT = /(^|\/)main\.ts$|^plugin\/config\.ts$/
const MAY_EXPORT_ONE_THING = ['plugin/index.ts']

describe('house rules', () => {
  const all = sources()
  const withCode = (pattern: RegExp) =>
    all
      .filter(({ code }) => pattern.test(code))
      .map(({ path }) => path)
      .sort()

  it('the environment is read in few places', () => {
    assert.deepEqual(
      withCode(/\bprocess\.env\b/).filter((path) => !MAY_READ_ENVIRONMENT.test(path)),
      [],
    )
  })

  it('only the plugin class is the one export of its file', () => {
    assert.deepEqual(withCode(/\bexport (default|=)|\bmodule\.exports\b/), MAY_EXPORT_ONE_THING)
  })

  it('nothing prints to the console, and nothing is passed on by a barrel', () => {
    assert.deepEqual(withCode(/\bconsole\.\w+\(/), [])
    assert.deepEqual(withCode(/^export (\*|\{[^}]*\}) from /m), [])
  })

  it('types are not waved through', () => {
    assert.deepEqual(withCode(/\bas any\b|: any(\[\])?[,;)=]/), [])
    const loud = all.filter(({ path }) =>
      /@ts-(ignore|expect-error|nocheck)|\b(TODO|FIXME)\b/.test(readFileSync(join(REPOSITORY, path), 'utf8')),
    )
    assert.deepEqual(
      loud.map(({ path }) => path),
      [],
    )
  })

  it('the licence is Apache-2.0, word for word', () => {
    const { license } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { license: string }
    assert.equal(license, 'Apache-2.0')
    const text = readFileSync(join(REPOSITORY, 'LICENSE'))
    assert.equal(createHash('sha256').update(text).digest('hex'), APACHE_2_SHA256)
  })

  it('every example is a service with a README, and its editor line leads to the schema of this package', () => {
    const examples = join(REPOSITORY, 'examples')
    for (const name of readdirSync(examples)) {
      assert.ok(existsSync(join(examples, name, 'README.md')), `${name}/README.md`)
      const service = readFileSync(join(examples, name, 'serverless.yml'), 'utf8')
      assert.match(
        service,
        /^# yaml-language-server: \$schema=..\/..\/node_modules\/serverless-spillway\/dist\/schema.json\n/,
      )
    }
  })
})
