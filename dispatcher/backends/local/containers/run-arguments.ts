/** The command line that starts a worker in a container. Pure. */
import { SUPERVISOR_VARIABLES, TOKEN_ON_STANDARD_INPUT } from '../../../../runtime/contract/worker-environment.js'
import type { Kit } from '../../../images/kit.js'
import { KIT_DIRECTORY, kitCommand } from '../../../images/kit-command.js'

/** Where a worker finds its things inside the container. */
export const INSIDE = Object.freeze({
  kit: KIT_DIRECTORY,
  files: '/mnt/spillway/files',
  workerFile: '/mnt/spillway/worker.json',
  scratch: '/mnt/spillway/scratch',
})

export interface ContainerRun {
  /** Of the container. */
  name: string
  /** `key=value`, by which containers of this dispatcher are found again. */
  label: string
  /** Name or id. */
  image: string
  /** MB; undefined = no limit. */
  memory?: number
  kit: Kit
  /** Paths on this machine. */
  filesDir: string
  workerFile: string
  scratch: string
  /** Variables of the image that would steer the supervisor. */
  hidden: readonly string[]
  /** Further options, from the configuration. */
  options: readonly string[]
}

/** Variables without a value are taken from the client's own environment; the token comes on standard input. */
export function runArguments(run: ContainerRun): string[] {
  const { kit, memory } = run
  const [program, ...words] = kitCommand(kit.loader)
  return [
    [
      'run',
      '--rm',
      '--interactive',
      '--name',
      run.name,
      '--label',
      run.label,
      '--pull',
      'never',
      '--log-driver',
      'none',
    ],
    ['--network', 'host', '--security-opt', 'label=disable'],
    memory === undefined ? [] : ['--memory', `${memory}m`],
    Object.values(SUPERVISOR_VARIABLES).flatMap((name) => ['--env', name]),
    run.hidden.flatMap((name) => ['--env', `${name}=`]),
    mount(kit.directory, INSIDE.kit, 'readonly'),
    mount(run.filesDir, INSIDE.files, 'readonly'),
    mount(run.workerFile, INSIDE.workerFile, 'readonly'),
    mount(run.scratch, INSIDE.scratch),
    ['--entrypoint', program!, ...run.options, run.image, ...words],
  ].flat()
}

/** What the supervisor finds in its environment, apart from what the image says. */
export const supervisorVariables = (runtimeApi: string): Record<string, string> => ({
  [SUPERVISOR_VARIABLES.runtimeApi]: runtimeApi,
  [SUPERVISOR_VARIABLES.workerToken]: TOKEN_ON_STANDARD_INPUT,
  [SUPERVISOR_VARIABLES.workerFile]: INSIDE.workerFile,
  [SUPERVISOR_VARIABLES.scratch]: INSIDE.scratch,
})

/** A list of comma-separated values: https://docs.docker.com/engine/storage/bind-mounts/ */
function mount(source: string, target: string, ...flags: string[]): string[] {
  return ['--mount', ['type=bind', `source=${source}`, `target=${target}`, ...flags].map(asField).join(',')]
}

const asField = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
