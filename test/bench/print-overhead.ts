/** What the plugin adds to `serverless print`. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from '../support/dispatcher-process.js'
import { figure, median, type Bench } from './figure.js'
import { withDirectory } from './with-dispatcher.js'

const TIMES = 9
const CLI = join(REPOSITORY, 'node_modules/.bin/osls')

export const printOverhead: Bench = {
  name: 'print-overhead',
  about: `what the plugin adds to \`serverless print\`, ${TIMES} pairs in turn`,
  run: () =>
    withDirectory((directory) => {
      mkdirSync(join(directory, 'node_modules'))
      symlinkSync(REPOSITORY, join(directory, 'node_modules', 'serverless-spillway'))
      const without = service(directory, 'without', 'functions: { f: { handler: a.b } }')
      const withPlugin = service(
        directory,
        'with',
        'plugins: [serverless-spillway]\nspillway: { storage: { here: { type: directory, path: ./data } } }\nfunctions: { f: { script: f.sh, input: "here://in/", output: "here://out/" } }',
      )
      writeFileSync(join(withPlugin, 'f.sh'), 'true\n')
      for (const warm of [without, withPlugin]) print(warm)
      const pairs = Array.from({ length: TIMES }, () => ({ base: print(without), ours: print(withPlugin) }))
      const added = median(pairs.map(({ base, ours }) => ours - base))
      const value = { name: 'added by the plugin', value: added, unit: 'ms' }
      return Promise.resolve([figure(value, { atMost: 150 })])
    }),
}

function service(directory: string, name: string, rest: string): string {
  const path = join(directory, name)
  mkdirSync(path)
  writeFileSync(
    join(path, 'serverless.yml'),
    `service: ${name}\nprovider: { name: aws, runtime: nodejs20.x }\n${rest}\n`,
  )
  return path
}

/** Milliseconds. */
function print(directory: string): number {
  const started = process.hrtime.bigint()
  const { status, stderr } = spawnSync(CLI, ['print'], {
    cwd: directory,
    env: { ...process.env, SLS_TELEMETRY_DISABLED: '1', NODE_NO_WARNINGS: '1' },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return Number(process.hrtime.bigint() - started) / 1e6
}
