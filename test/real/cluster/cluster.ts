/** The cluster as a test sees it. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { startApiServer } from './api-server.js'
import { importImage, makeImage, pushImage, type TestImage } from './images.js'
import { kubectl } from './kubectl.js'
import { startKubelet } from './kubelet.js'
import type { ClusterFacts, ClusterPlace } from './place.js'
import { runInside, spawnInside, startProgram, stopProgram, type Program, type Run, type Spawn } from './processes.js'
import { apiServerAnswers, nodeIsReady } from './start-cluster.js'

export class Cluster {
  constructor(readonly facts: ClusterFacts) {}

  /** Of the variable that `npm run test:real` and `cluster/main.ts run` set; undefined without it. */
  static fromEnvironment(environment: NodeJS.ProcessEnv = process.env): Cluster | undefined {
    const file = environment.SPILLWAY_TEST_CLUSTER
    return file ? new Cluster(JSON.parse(readFileSync(file, 'utf8')) as ClusterFacts) : undefined
  }

  /** A cluster of the tests' own; a foreign one can only be talked to. */
  get place(): ClusterPlace {
    if (!this.facts.place) throw new Error('this needs a cluster of the tests, not one of SPILLWAY_TEST_KUBECONFIG')
    return this.facts.place
  }

  get isOwn(): boolean {
    return this.facts.place !== undefined
  }

  /** Standard output; fails with what kubectl says. */
  kubectl(...words: string[]): Promise<string> {
    return kubectl(this.facts, words)
  }

  async kubectlJson<T>(...words: string[]): Promise<T> {
    return JSON.parse(await kubectl(this.facts, [...words, '--output=json'])) as T
  }

  /** Objects, or YAML that may hold several documents. */
  apply(what: string | object, ...words: string[]): Promise<string> {
    const input = typeof what === 'string' ? what : JSON.stringify(what)
    return kubectl(this.facts, ['apply', '--filename=-', ...words], { input })
  }

  /** Runs a command to its end inside the cluster's network. */
  run(command: string[], run?: Run): Promise<string> {
    return runInside(this.place, command, {
      ...run,
      environment: { KUBECONFIG: this.facts.kubeconfig, ...run?.environment },
    })
  }

  /** A child of this process inside the cluster's network; the caller ends it. */
  spawn(command: string[], options?: Spawn): ChildProcess {
    return spawnInside(this.place, command, options)
  }

  /** Runs until `stopProgram` or the cluster's end. */
  startProgram(program: Program): void {
    startProgram(this.place, program)
  }

  stopProgram(name: string, signal?: NodeJS.Signals): Promise<void> {
    return stopProgram(this.place, name, signal)
  }

  importImage(archive: string): Promise<void> {
    return importImage(this.place, archive)
  }

  /** Makes an image out of files and imports it. */
  makeImage(image: TestImage): Promise<void> {
    return makeImage(this.place, image)
  }

  /** An image of the node's to a registry. */
  pushImage(reference: string, target: string): Promise<void> {
    return pushImage(this.place, reference, target)
  }

  /** As if its machine were lost: at once, with all connections. */
  stopApiServer(): Promise<void> {
    return stopProgram(this.place, 'kube-apiserver')
  }

  /** Resolves when it answers. */
  async startApiServer(): Promise<void> {
    startApiServer(this.place)
    await apiServerAnswers(this.place)
  }

  /** Nobody speaks for the node any more; what runs on it goes on. */
  stopKubelet(): Promise<void> {
    return stopProgram(this.place, 'kubelet')
  }

  /** Resolves when the node is ready. */
  async startKubelet(): Promise<void> {
    startKubelet(this.place)
    await nodeIsReady(this.place)
  }

  async cordon(): Promise<void> {
    await this.kubectl('cordon', this.place.nodeName)
  }

  async uncordon(): Promise<void> {
    await this.kubectl('uncordon', this.place.nodeName)
  }
}
