/** A program in the place of docker or podman: a line of sh per command, everything it was asked is kept. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface FakeEngine {
  /** With its directory in front of PATH. */
  environment: Record<string, string>
  /** Command lines so far. */
  calls(): string[]
}

/** Answers by the first words of the command line; what is not listed succeeds and prints nothing. */
export function fakeEngine(directory: string, answers: Record<string, Record<string, string>>): FakeEngine {
  const log = join(directory, 'calls')
  mkdirSync(join(directory, 'bin'), { recursive: true })
  for (const [name, lines] of Object.entries(answers)) {
    const cases = Object.entries(lines).map(([words, line]) => `"${words}"*) ${line} ;;`)
    const path = join(directory, 'bin', name)
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> "${log}"\ncase "$*" in\n${cases.join('\n')}\nesac\n`)
    chmodSync(path, 0o755)
  }
  return {
    environment: { PATH: `${join(directory, 'bin')}:/usr/bin:/bin` },
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  }
}
