import assert from 'node:assert/strict'
import { runAs, securityContext } from '../../../../../dispatcher/backends/kubernetes/pod/security.js'
import { specOf } from '../spec.js'

const as = (user: string | undefined, kubernetes: Record<string, unknown> = {}) => runAs(specOf({ kubernetes }), user)

describe('kubernetes: as whom a container runs', () => {
  for (const user of ['', 'root', '0', '0:0', 'root:root', undefined])
    it(`replaces ${JSON.stringify(user)}`, () => assert.deepEqual(as(user), { user: 1000, allowRoot: false }))

  for (const user of ['1000', '65532:65532'])
    it(`keeps ${user}`, () => assert.deepEqual(as(user), { allowRoot: false }))

  it('refuses a name, with advice', () => {
    const { refusal } = as('app:app') as { refusal: string }
    assert.match(refusal, /the user "app".*kubernetes: \{runAsUser: 1000\}/)
  })

  it('does as the function says', () => {
    assert.deepEqual(as('app', { runAsUser: 7 }), { user: 7, allowRoot: false })
    assert.deepEqual(as('root', { allowRoot: true }), { allowRoot: true })
    assert.deepEqual(as('app', { allowRoot: true }), { allowRoot: true })
    assert.deepEqual(as('app', { allowRoot: true, runAsUser: 7 }), { user: 7, allowRoot: true })
  })

  it('passes Pod Security "restricted", except for the user where root is allowed', () => {
    const restricted = {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    }
    assert.deepEqual(securityContext({ allowRoot: false }), { ...restricted, runAsNonRoot: true })
    assert.deepEqual(securityContext({ allowRoot: false, user: 7 }), {
      ...restricted,
      runAsNonRoot: true,
      runAsUser: 7,
    })
    assert.deepEqual(securityContext({ allowRoot: true }), restricted)
  })
})
