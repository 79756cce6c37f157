/** `npm run test:real`: installs what the machine lacks, then runs the suites against the real things. */
import { installDebianPackages, installNpmFolders, installPythonPackage } from './install.js'
import { installMinio } from './programs/minio.js'
import { suites } from './suites.js'

/** What the suites need, in this order; each does nothing when it was done before. */
const PREPARATIONS: readonly (() => void)[] = [
  installDebianPackages,
  installNpmFolders,
  installPythonPackage,
  installMinio,
]

/** A signal ends the command that runs, then nothing more begins; what was started is stopped in any case. */
async function main(): Promise<void> {
  let isInterrupted = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void (isInterrupted = true))
  for (const prepare of PREPARATIONS) prepare()
  for (const run of suites()) if (!isInterrupted) process.exitCode = (await run()) || process.exitCode
  if (isInterrupted) process.exitCode = 1
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
