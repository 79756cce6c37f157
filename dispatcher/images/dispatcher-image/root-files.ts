/** What a system needs to have where there is none: users, certificate authorities, libraries where the loader looks. Pure. */
import { rootCertificates } from 'node:tls'
import { KIT_DIRECTORY } from '../kit-command.js'
import type { LayerFile } from '../layer.js'

/** Who the dispatcher is: nobody that anything else belongs to. */
export const USER_ID = 65532

/** The one place that it writes to, besides /tmp. */
export const STATE_DIRECTORY = '/var/lib/spillway'

/** Folders in which loaders look for libraries, and where programs expect their loader. */
const LIBRARY_FOLDERS = ['/lib', '/lib64', '/usr/lib', '/usr/lib64']

const PASSWD = `root:x:0:0:root:/root:/sbin/nologin
spillway:x:${USER_ID}:${USER_ID}:spillway:${STATE_DIRECTORY}:/sbin/nologin
`
const GROUP = `root:x:0:\nspillway:x:${USER_ID}:\n`

export const rootFiles = (): LayerFile[] => [
  { path: '/etc/passwd', content: PASSWD },
  { path: '/etc/group', content: GROUP },
  { path: '/etc/nsswitch.conf', content: 'hosts: files dns\n' },
  { path: '/etc/ssl/certs/ca-certificates.crt', content: `${rootCertificates.join('\n')}\n` },
  { path: '/etc/spillway', owner: 0 },
  { path: STATE_DIRECTORY, owner: USER_ID, mode: 0o750 },
  { path: '/tmp', owner: 0, mode: 0o1777 },
  { path: '/usr/local/bin/node', link: `${KIT_DIRECTORY}/bin/node` },
  ...LIBRARY_FOLDERS.map((path) => ({ path, link: `${KIT_DIRECTORY}/lib` })),
]
