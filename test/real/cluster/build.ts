/** Builds the cluster's programs from published Go modules, once: about 10 minutes on two cores that have nothing else to do. */
import { existsSync, readFileSync } from 'node:fs'
import { buildGoModule, runGo, type GoModule } from './go-module.js'
import type { ClusterPlace } from './place.js'
import { directoryOf, PROGRAMS, VERSIONS, type Origin } from './programs.js'

/** Does nothing for what is built; says how long the rest took. */
export function buildPrograms({ imageVolumes }: ClusterPlace, say: (line: string) => void): void {
  build('etcd', etcd, say)
  build('kubernetes', kubernetes, say)
  if (imageVolumes) build('containerd', containerd, say)
}

type Source = Omit<GoModule, 'directory'>

function build(origin: Origin, source: () => Source, say: (line: string) => void): void {
  const directory = directoryOf(origin)
  if (existsSync(directory)) return
  const begin = Date.now()
  buildGoModule({ ...source(), directory })
  say(`built ${origin} ${VERSIONS[origin]} in ${Math.round((Date.now() - begin) / 1000)} s`)
}

const etcd = (): Source => ({
  files: {
    'go.mod': goMod('etcd', [`require go.etcd.io/etcd/server/v3 v${VERSIONS.etcd}`]),
    'main.go': `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`,
  },
  packages: ['.'],
})

function containerd(): Source {
  const module = 'github.com/containerd/containerd/v2'
  const packages = PROGRAMS.containerd.map((name) => `${module}/cmd/${name}`)
  const lines = [`require ${module} v${VERSIONS.containerd}`, ...tools(packages)]
  return { files: { 'go.mod': goMod('containerd', lines) }, packages }
}

function kubernetes(): Source {
  const packages = PROGRAMS.kubernetes.map((name) => `k8s.io/kubernetes/cmd/${name}`)
  const [major, minor] = VERSIONS.kubernetes.split('.')
  const version = { gitVersion: `v${VERSIONS.kubernetes}`, gitMajor: major, gitMinor: minor }
  const lines = [`require k8s.io/kubernetes v${VERSIONS.kubernetes}`, ...replacedLibraries(), ...tools(packages)]
  return {
    files: { 'go.mod': goMod('kubernetes', lines) },
    packages,
    linkerFlags: Object.entries(version).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`),
  }
}

/** In its own repository Kubernetes takes its libraries from a folder; as modules they are published one by one, as 0.x. */
function replacedLibraries(): string[] {
  const answer = runGo(['mod', 'download', '-json', `k8s.io/kubernetes@v${VERSIONS.kubernetes}`])
  const { GoMod } = JSON.parse(answer) as { GoMod: string }
  const published = `v${VERSIONS.kubernetes.replace(/^1/, '0')}`
  const matches = readFileSync(GoMod, 'utf8').matchAll(/^\s*(\S+) => \.\/staging\//gm)
  return [...matches].map(([, path]) => `replace ${path} => ${path} ${published}`)
}

const tools = (packages: string[]): string[] => packages.map((path) => `tool ${path}`)

/** https://go.dev/ref/mod#go-mod-file */
const goMod = (name: string, lines: string[]): string => [`module ${name}`, 'go 1.24.0', ...lines].join('\n') + '\n'
