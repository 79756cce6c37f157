/** The containers of a worker's pod: the user's image, and where nothing better is to be had one that brings the kit. Pure. */
import type { V1Container, V1EnvVar, V1PodSpec } from '@kubernetes/client-node'
import type { FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import { SUPERVISOR_VARIABLES } from '../../../../runtime/contract/worker-environment.js'
import { KIT_DIRECTORY } from '../../../images/kit-command.js'
import { steering } from '../../steering.js'
import { INSIDE, MAIN_CONTAINER, START_TOKEN_KEY } from './inside.js'
import { jobName } from '../names.js'
import { resources } from './resources.js'
import { parseSecretPlace } from './secret-place.js'
import { securityContext } from './security.js'
import type { Kit, WorkerToCompile } from './worker.js'

/** Where the copy of the kit is made; in the image that holds it, `KIT_DIRECTORY` has the original. */
const COPY = '/mnt/kit'

/** Where that image is mounted, all of it: containerd 2.1 passes over a subPath without a word. */
const KIT_IMAGE = '/mnt/kit'

export function containerOf(worker: WorkerToCompile, spec: FunctionSpec): V1Container {
  const { image, facts, kit, runAs } = worker
  return {
    name: MAIN_CONTAINER,
    image,
    command: commandOf(kit),
    // WORKDIR may not be open to the user that runs it; the supervisor goes there with each script, and says so if not.
    ...(facts ? { workingDir: '/' } : {}),
    env: [...supervisorVariables(worker), ...homeOf(worker), ...hidden(worker), ...secretVariables(spec)],
    resources: resources(spec, kit.way === 'init-container'),
    securityContext: securityContext(runAs),
    // What a worker says that cannot start is all that anybody hears of it.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    ...mounts(kit),
  }
}

/** Its resources are those of the worker: what the pod takes of its node is the larger of the two. */
export function initContainers({ kit, runAs }: WorkerToCompile, spec: FunctionSpec): Pick<V1PodSpec, 'initContainers'> {
  if (kit.way !== 'init-container') return {}
  return {
    initContainers: [
      {
        name: 'kit',
        image: kit.image ?? '',
        command: copyCommand(kit.command),
        resources: resources(spec, true),
        securityContext: securityContext({ ...runAs, user: runAs.user ?? COPYING_USER }),
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [{ name: 'kit', mountPath: COPY }],
      },
    ],
  }
}

/** Anybody but root will do. */
const COPYING_USER = 1000

/** The kit's own Node.js copies it: there may be no shell in its image. */
const copyCommand = (kitCommand: readonly string[]): string[] => [
  ...kitCommand.slice(0, -1),
  '-e',
  `require('node:fs').cpSync('${KIT_DIRECTORY}', '${COPY}', { recursive: true })`,
]

function commandOf({ way, command }: Kit): string[] {
  if (way !== 'image-volume') return [...command]
  return command.map((word) => (word.startsWith(`${KIT_DIRECTORY}/`) ? KIT_IMAGE + word : word))
}

function mounts({ way }: Kit): Pick<V1Container, 'volumeMounts'> {
  if (way === 'derived') return {}
  return {
    volumeMounts: [
      { name: 'scratch', mountPath: INSIDE.own },
      { name: 'scratch', mountPath: INSIDE.temporary, subPath: 'tmp' },
      { name: 'kit', mountPath: way === 'image-volume' ? KIT_IMAGE : KIT_DIRECTORY, readOnly: true },
    ],
  }
}

const supervisorVariables = ({ worker, function: name, place }: WorkerToCompile): V1EnvVar[] => [
  { name: SUPERVISOR_VARIABLES.runtimeApi, value: place.dispatcherUrl },
  {
    name: SUPERVISOR_VARIABLES.startToken,
    valueFrom: { secretKeyRef: { name: jobName(name, worker), key: START_TOKEN_KEY } },
  },
  { name: SUPERVISOR_VARIABLES.scratch, value: INSIDE.scratch },
]

/** A user of our choosing has no home in the image, and many programs want to write to one. */
const homeOf = ({ runAs, facts }: WorkerToCompile): V1EnvVar[] =>
  runAs.user === undefined || facts?.environment.HOME !== undefined ? [] : [{ name: 'HOME', value: INSIDE.own }]

const hidden = ({ facts }: WorkerToCompile): V1EnvVar[] =>
  Object.keys(steering(facts?.environment ?? {})).map((name) => ({ name, value: '' }))

/** The kubelet reads them; they are never in our hands. */
const secretVariables = ({ secrets }: FunctionSpec): V1EnvVar[] =>
  secrets.flatMap(({ env, from }) => {
    const place = parseSecretPlace(from)
    return place ? [{ name: env, valueFrom: { secretKeyRef: place } }] : []
  })
