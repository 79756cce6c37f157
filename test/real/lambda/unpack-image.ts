/** What is in an image of a registry, as files below a directory. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import type { Podman } from '../../support/containers/podman.js'

/** Resolves to `root`, which must not be there yet. */
export function unpackImage(podman: Podman, reference: string, root: string): string {
  mkdirSync(root)
  podman.run('pull', '--quiet', '--tls-verify=false', reference)
  const container = podman.run('create', reference, 'nothing').trim()
  const archive = `${root}.tar`
  podman.run('export', '--output', archive, container)
  execFileSync('tar', ['-C', root, '-xf', archive])
  rmSync(archive)
  podman.run('rm', container)
  return root
}
