/** `spillway uninstall`: takes away what `spillway install` has put on a cluster. */
import type { Command } from './command.js'
import { CONTEXT, NAME, NAMESPACE } from './install.js'

export const uninstall: Command = {
  name: 'uninstall',
  about: 'Take away what `spillway install` has put on a cluster, and nothing else.',
  options: {
    context: CONTEXT,
    namespace: NAMESPACE,
    name: NAME,
    'keep-record': { about: 'leave the volume with record and logs, and its namespace' },
    'dry-run': { about: 'say what would go' },
  },
  async run({ values, print, say }) {
    const [{ openTarget }, { uninstall: remove }] = await Promise.all([
      import('../install/cluster-target.js'),
      import('../install/uninstall.js'),
    ])
    const identity = {
      name: (values.name as string | undefined) ?? 'spillway',
      namespace: (values.namespace as string | undefined) ?? 'spillway',
    }
    const removed = await remove({
      identity,
      keepRecord: values['keep-record'] === true,
      target: await openTarget(values.context as string | undefined),
      dryRun: values['dry-run'] === true,
      say: print,
    })
    if (removed === 0) say(`There is no installation ${identity.name} in namespace ${identity.namespace}.`)
  },
}
