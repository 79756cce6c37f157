/** The Python of this machine, and whether it has what an example needs. */
import { spawnSync } from 'node:child_process'

/** Undefined when `python3` can import it; else the reason why not, for the report of a skipped test. */
export function pythonLacks(module: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { error, status } = spawnSync('python3', ['-c', `import ${module}`], { env: environment })
  if (error) return 'there is no python3'
  return status === 0 ? undefined : `python3 has no ${module}`
}
