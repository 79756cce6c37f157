/** Who is asked for credentials, and in which order. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { credentialsFromEnvironment, variableOf } from '../../../../dispatcher/images/credentials/from-environment.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('credentials of registries', () => {
  const directory = temporaryDirectory()
  const write = (name: string, content: unknown, mode = 0o600) => {
    const file = join(directory(), name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    chmodSync(file, mode)
    return file
  }
  const ask = async (registry: string, environment: Record<string, string>) => {
    for (const provider of credentialsFromEnvironment(environment, Date.now)) {
      const found = await provider.credentialsFor(registry)
      if (found) return found
    }
    return undefined
  }
  const login = (name: string) => ({ auths: { 'r.example.org': { username: name, password: 'pot' } } })

  it('come from variables first, then from the files of podman and docker', async () => {
    const HOME = directory()
    write('.docker/config.json', login('docker'))
    assert.equal(await ask('r.example.org', {}), undefined)
    const answer = async (environment: Record<string, string>) => (await ask('r.example.org', environment)) ?? {}
    assert.deepEqual(await answer({ HOME }), { username: 'docker', password: 'pot' })
    const REGISTRY_AUTH_FILE = write('podman.json', login('podman'))
    assert.deepEqual(await answer({ HOME, REGISTRY_AUTH_FILE }), { username: 'podman', password: 'pot' })
    const DOCKER_CONFIG = dirname(write('other/config.json', login('other')))
    assert.deepEqual(await answer({ HOME, DOCKER_CONFIG }), { username: 'other', password: 'pot' })
    const XDG_RUNTIME_DIR = dirname(dirname(write('run/containers/auth.json', login('run'))))
    assert.deepEqual(await answer({ XDG_RUNTIME_DIR }), { username: 'run', password: 'pot' })
    const variables = { SPILLWAY_REGISTRY_R_EXAMPLE_ORG_USERNAME: 'own', SPILLWAY_REGISTRY_R_EXAMPLE_ORG_PASSWORD: 'p' }
    assert.deepEqual(await answer({ HOME, ...variables }), { username: 'own', password: 'p' })
  })

  it('have variables named after the host', async () => {
    assert.equal(variableOf('r-1.example.org:5000'), 'SPILLWAY_REGISTRY_R_1_EXAMPLE_ORG_5000')
    await assert.rejects(ask('r.org', { SPILLWAY_REGISTRY_R_ORG_USERNAME: 'a' }), {
      code: 'invalid-configuration',
      message: 'SPILLWAY_REGISTRY_R_ORG_USERNAME and SPILLWAY_REGISTRY_R_ORG_PASSWORD must both be set.',
    })
  })

  describe('that a program keeps', () => {
    const withHelper = (script: string) => {
      write('bin/docker-credential-pot', `#!/bin/sh\n${script}\n`, 0o755)
      write('.docker/config.json', { credHelpers: { 'r.example.org': 'pot' } })
      return { HOME: directory(), PATH: `${join(directory(), 'bin')}:/usr/bin:/bin` }
    }

    it('are asked for by the host', async () => {
      const environment = withHelper('read server; echo "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$server\\"}"')
      assert.deepEqual(await ask('r.example.org', environment), { username: 'get', password: 'r.example.org' })
    })

    it('may be a token, or none', async () => {
      const token = withHelper(`echo '{"Username":"<token>","Secret":"abc"}'`)
      assert.deepEqual(await ask('r.example.org', token), { identityToken: 'abc' })
      const none = withHelper('echo credentials not found in native keychain; exit 1')
      assert.equal(await ask('r.example.org', none), undefined)
    })

    it('cannot be had when it is not there, fails, or talks nonsense; the message names it', async () => {
      const refusal = (why: RegExp) => ({
        code: 'invalid-configuration',
        message: new RegExp(
          `The credentials of r.example.org are kept by docker-credential-pot, which cannot be used: ${why.source}. Install it, or set SPILLWAY_REGISTRY_<HOST>_USERNAME`,
        ),
      })
      await assert.rejects(
        ask('r.example.org', withHelper('echo the keychain is locked; exit 1')),
        refusal(/the keychain is locked/),
      )
      await assert.rejects(ask('r.example.org', withHelper('echo nonsense')), refusal(/its answer is no JSON/))
      await assert.rejects(ask('r.example.org', withHelper('echo {}')), refusal(/its answer is not understood/))
      const { HOME } = withHelper('true')
      await assert.rejects(ask('r.example.org', { HOME, PATH: '/nowhere' }), refusal(/there is no such program/))
    })
  })
})
