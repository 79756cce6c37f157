/**
 * A sandbox as the OCI runtime takes it: what Lambda promises of one, and no more.
 * https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
import type { LambdaFunction, LambdaImage } from './engine.js'

export interface BundleFacts {
  function: LambdaFunction
  image: LambdaImage
  environment: Record<string, string>
  /** Path of the network namespace. */
  network: string
  /** Path of the control group, in every tree. */
  controlGroup: string
}

/** As Lambda has it: nobody of the image's, and nobody's files are its own. */
const USER = 993
const GROUP = 990
const OPEN_FILES_MAX = 1024
const PROCESSES_MAX = 1024
const MEBIBYTE = 1024 ** 2

export const bundleConfig = ({ function: of, image, environment, network, controlGroup }: BundleFacts) => ({
  ociVersion: '1.0.2',
  process: {
    terminal: false,
    user: { uid: USER, gid: GROUP },
    args: [...image.command],
    env: Object.entries({ ...image.environment, ...environment }).map(([name, value]) => `${name}=${value}`),
    cwd: '/',
    capabilities: {},
    noNewPrivileges: true,
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: OPEN_FILES_MAX, soft: OPEN_FILES_MAX }],
  },
  root: { path: image.root, readonly: true },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
    {
      destination: '/tmp',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'mode=1777', `size=${of.ephemeralStorageSize}m`],
    },
  ],
  linux: {
    namespaces: [
      { type: 'pid' },
      { type: 'mount' },
      { type: 'ipc' },
      { type: 'uts' },
      { type: 'network', path: network },
    ],
    cgroupsPath: controlGroup,
    resources: {
      // Pages of a tmpfs count as memory; on Lambda /tmp is a disk.
      memory: { limit: of.memorySize * MEBIBYTE, swap: of.memorySize * MEBIBYTE },
      pids: { limit: PROCESSES_MAX },
    },
  },
})
