/**
 * How often the kernel killed for lack of memory in our control group; undefined where that is not told. Synchronous:
 * these files are memory.
 */
import { readFileSync } from 'node:fs'

/** As a container sees them: https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.events) and its version 1 */
const VERSION_2 = { root: '/sys/fs/cgroup', file: 'memory.events', membership: /^0::(.*)$/m }
const VERSION_1 = {
  root: '/sys/fs/cgroup/memory',
  file: 'memory.oom_control',
  membership: /^\d+:[^:]*\bmemory\b[^:]*:(.*)$/m,
}

export function countMemoryKills(): number | undefined {
  const memberships = textOf('/proc/self/cgroup')
  for (const { root, file, membership } of [VERSION_2, VERSION_1]) {
    const own = membership.exec(memberships)?.[1] ?? ''
    const text = textOf(`${root}${own}/${file}`) || textOf(`${root}/${file}`)
    const count = /^oom_kill (\d+)$/m.exec(text)?.[1]
    if (count !== undefined) return Number(count)
  }
  // Of the whole machine: on Lambda, which shows no control group, that is the sandbox.
  const count = /^oom_kill (\d+)$/m.exec(textOf('/proc/vmstat'))?.[1]
  return count === undefined ? undefined : Number(count)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
