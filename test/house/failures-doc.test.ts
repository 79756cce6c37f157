/** docs/failures.md names a test for every row, and each of them is there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow, REPOSITORY } from './sources.js'

describe('docs/failures.md', () => {
  const rows = readFileSync(join(REPOSITORY, 'docs/failures.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\|(?! -|-)/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([what]) => what !== 'what happens')

  it('has a row for everything that people ask about', () => {
    const asked = ['script fails', 'timeout', 'worker killed', 'dispatcher killed', 'power cut', 'zombie worker']
    const more = ['storage unreachable', 'storage full', 'event twice', 'event lost', 'disk full under the database']
    const rest = [
      'failing fsync',
      'two dispatchers',
      'slots full',
      'SIGTERM',
      'input gone',
      'hostile or odd names',
      'huge logs',
    ]
    const named = rows.map(([what]) => what!)
    for (const what of [...asked, ...more, ...rest])
      assert.ok(
        named.some((name) => name.startsWith(what)),
        what,
      )
  })

  it('says in every row what is seen, when, and by which test; each test is there', () => {
    const sources = filesBelow('test').map((path) => readFileSync(join(REPOSITORY, path), 'utf8'))
    const unescaped = sources.map((text) => text.replaceAll("\\'", "'"))
    for (const [what, seen, when, tests, ...more] of rows) {
      assert.ok(what && seen && when && more.length === 0, what)
      const titles = [...tests!.matchAll(/"([^"]+)"/g)].map(([, title]) => title!)
      assert.ok(titles.length > 0, `${what}: no test`)
      for (const title of titles) {
        const isThere = unescaped.some((text) => ["'", '`', '"'].some((quote) => text.includes(`it(${quote}${title}`)))
        assert.ok(isThere, `${what}: there is no test "${title}"`)
      }
    }
  })
})
