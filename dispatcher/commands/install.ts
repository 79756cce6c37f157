/** `spillway install`: a dispatcher on a Kubernetes cluster. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { InstallPlan } from '../install/plan.js'
import type { Command, CommandCall, CommandOption } from './command.js'

export const CONTEXT: CommandOption = { value: 'NAME', about: 'context of the kubeconfig. Default: the current one' }
export const NAMESPACE: CommandOption = { value: 'NAME', about: 'namespace of the dispatcher. Default: spillway' }
export const NAME: CommandOption = { value: 'NAME', about: 'name of the Deployment and the rest. Default: spillway' }

const NOTES = `What stands in the variables SPILLWAY_TOKENS_USER, SPILLWAY_TOKENS_EVENTS, SPILLWAY_WORKER_SECRET, SPILLWAY_SECRET_<NAME>,
SPILLWAY_DATABASE_PASSWORD and SPILLWAY_STORAGE_<NAME>_ACCESS_KEY and _SECRET_KEY goes into the Secret of the dispatcher.
Tokens that are not given are made up at the first installation and kept at later ones.

Installing again changes what is different and nothing else. \`spillway uninstall\` takes all of it away.`

export const install: Command = {
  name: 'install',
  about: 'Put a dispatcher on a Kubernetes cluster, or change the one that is there.',
  options: {
    image: { value: 'REGISTRY/NAME@DIGEST', about: 'what `spillway image push` has printed' },
    architecture: {
      value: 'NAME',
      about: 'x86_64 or arm64: that of the image, where nodes are of several. Default: any node',
    },
    config: { value: 'FILE', about: "the dispatcher's YAML file: storage, backends, routing" },
    context: CONTEXT,
    namespace: NAMESPACE,
    name: NAME,
    workers: { value: 'NAME', about: 'namespace of the Jobs. Default: that of the file, else spillway-workers' },
    replicas: { value: 'NUMBER', about: 'pods of the dispatcher; over 1 with a PostgreSQL database. Default: 1' },
    storage: { value: 'SIZE', about: 'of the volume for record and logs. Default: 5Gi' },
    'storage-class': { value: 'NAME', about: "class of that volume. Default: the cluster's" },
    ingress: { value: 'HOST', about: 'make an Ingress for that host' },
    'ingress-class': { value: 'NAME', about: "class of the Ingress. Default: the cluster's" },
    'tls-secret': { value: 'NAME', about: 'Secret with the certificate of the Ingress' },
    'image-pull-secret': { value: 'NAME', several: true, about: 'for the image of the dispatcher' },
    'no-nodes': { about: 'do not let the dispatcher list nodes; it then learns what fits from what does not' },
    'read-pods': { about: 'let it list the pods of all namespaces too, to know what others take of the nodes' },
    'dry-run': { about: 'let the server check everything, and keep nothing' },
    render: { value: 'DIR', about: 'write the objects as a base for Kustomize instead' },
  },
  notes: NOTES,
  async run(call) {
    const plan = await planOf(call)
    const directory = call.values.render as string | undefined
    if (directory === undefined) return installOn(plan, call)
    const { render } = await import('../install/render.js')
    for (const file of render(plan, directory)) call.print(`${directory}/${file}`)
  },
}

async function installOn(plan: InstallPlan, { values, environment, print, say }: CommandCall): Promise<void> {
  const [{ openTarget }, { install: put }, { namesOf }] = await Promise.all([
    import('../install/cluster-target.js'),
    import('../install/install.js'),
    import('../install/plan.js'),
  ])
  const target = await openTarget(values.context as string | undefined)
  const dryRun = values['dry-run'] === true
  await put({ plan, target, environment, dryRun, say: print })
  if (dryRun) return
  const kubernetes = plan.file.backends?.kubernetes ?? {}
  if (kubernetes.registry === undefined)
    say(
      'Without backends.kubernetes.registry each worker copies the runtime kit when it starts, which takes a second or two more.',
    )
  say(
    `Token of users: kubectl -n ${plan.namespace} get secret ${namesOf(plan).secret} -o jsonpath='{.data.SPILLWAY_TOKENS_USER}' | base64 -d`,
  )
}

async function planOf({ values }: CommandCall): Promise<InstallPlan> {
  const sight = sightOf(values)
  const [{ completeFile, readDispatcherFile }, { checkReplicas }] = await Promise.all([
    import('../install/dispatcher-file.js'),
    import('../install/check-replicas.js'),
  ])
  const text = (name: string) => values[name] as string | undefined
  const image = text('image')
  if (image === undefined)
    throw new SpillwayError(
      'invalid-configuration',
      '--image is missing; push one with `spillway image push REGISTRY/NAME`.',
    )
  const written = readDispatcherFile(text('config'))
  const named = written.backends?.kubernetes?.namespace
  const place = {
    name: checkedName('--name', text('name') ?? 'spillway'),
    namespace: checkedName('--namespace', text('namespace') ?? 'spillway'),
    workers: checkedName('--workers', text('workers') ?? (typeof named === 'string' ? named : 'spillway-workers')),
    image,
  }
  const ingress = text('ingress')
  const replicas = readReplicas(text('replicas') ?? '1')
  checkReplicas(replicas, written)
  return {
    ...place,
    file: completeFile(written, place),
    ...architectureOf(text('architecture')),
    replicas,
    storage: text('storage') ?? '5Gi',
    ...(text('storage-class') === undefined ? {} : { storageClass: text('storage-class')! }),
    ...(ingress === undefined ? {} : { ingress: ingressOf(ingress, text('ingress-class'), text('tls-secret')) }),
    ...sight,
    imagePullSecrets: (values['image-pull-secret'] as string[] | undefined) ?? [],
  }
}

function readReplicas(text: string): number {
  if (/^[1-9][0-9]?$/.test(text)) return Number(text)
  throw new SpillwayError(
    'invalid-configuration',
    `--replicas must be a number from 1 to 99, got ${JSON.stringify(text)}.`,
  )
}

function architectureOf(name: string | undefined): Pick<InstallPlan, 'architecture'> {
  if (name === undefined) return {}
  if (name === 'x86_64' || name === 'arm64') return { architecture: name }
  throw new SpillwayError(
    'invalid-configuration',
    `--architecture must be x86_64 or arm64, got ${JSON.stringify(name)}.`,
  )
}

function sightOf(values: CommandCall['values']): Pick<InstallPlan, 'readNodes' | 'readPods'> {
  const [readNodes, readPods] = [values['no-nodes'] !== true, values['read-pods'] === true]
  if (readNodes || !readPods) return { readNodes, readPods }
  throw new SpillwayError(
    'invalid-configuration',
    '--read-pods is of no use with --no-nodes: what others take says nothing without what there is. Leave one of them out.',
  )
}

const ingressOf = (host: string, className: string | undefined, tlsSecret: string | undefined) => ({
  host,
  ...(className === undefined ? {} : { className }),
  ...(tlsSecret === undefined ? {} : { tlsSecret }),
})

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
function checkedName(option: string, name: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/.test(name)) return name
  throw new SpillwayError(
    'invalid-configuration',
    `${option} must be up to 42 lower-case letters, digits and -, got ${JSON.stringify(name)}.`,
  )
}
