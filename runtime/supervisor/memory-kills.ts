/** How often the kernel killed for lack of memory in our control group; undefined where that is not told. */
import { readFile } from 'node:fs/promises'

/** As a container sees them: https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.events) and its version 1 */
const VERSION_2 = { root: '/sys/fs/cgroup', file: 'memory.events', membership: /^0::(.*)$/m }
const VERSION_1 = {
  root: '/sys/fs/cgroup/memory',
  file: 'memory.oom_control',
  membership: /^\d+:[^:]*\bmemory\b[^:]*:(.*)$/m,
}

export async function countMemoryKills(): Promise<number | undefined> {
  const memberships = await textOf('/proc/self/cgroup')
  for (const { root, file, membership } of [VERSION_2, VERSION_1]) {
    const own = membership.exec(memberships)?.[1] ?? ''
    const text = (await textOf(`${root}${own}/${file}`)) || (await textOf(`${root}/${file}`))
    const count = /^oom_kill (\d+)$/m.exec(text)?.[1]
    if (count !== undefined) return Number(count)
  }
  return undefined
}

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
