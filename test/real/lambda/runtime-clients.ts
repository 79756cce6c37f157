/** AWS's own runtime client for Python, and an image like those that AWS has for Lambda. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { glibcRoot } from '../../support/containers/root-directories.js'
import { CACHE } from '../cache.js'
import type { BaseImage } from './derived-functions.js'
import { place, placeLibraries } from './place.js'

/** A client, and the same function written for it: as an image, and as a command on this machine. */
export interface RuntimeClient {
  name: string
  /** Of an error of the function. */
  errorType: string
  /** Gets it ready once. Why it cannot be had; undefined when it is there. */
  whyNot(): string | undefined
  image: BaseImage
  file: { path: string; content: string }
  command: string[]
  environment: Record<string, string>
}

const VERSION = '4.2.2'
/** Debian's: the one that images of the tests have. */
const PYTHON = '/usr/bin/python3'

/** Directory of packages for that Python. */
const PACKAGES = join(CACHE, `awslambdaric-${VERSION}`)

/** Installs it once. Why it cannot be had; undefined when it is there. */
function whyNoRuntimeClient(): string | undefined {
  if (existsSync(PACKAGES)) return undefined
  const version = spawnSync(PYTHON, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' })
  if (version.status !== 0) return `there is no ${PYTHON}`
  const draft = `${PACKAGES}.draft`
  rmSync(draft, { recursive: true, force: true })
  const options = ['--quiet', '--disable-pip-version-check', '--only-binary=:all:', '--target', draft]
  const words = [
    '-m',
    'pip',
    'install',
    ...options,
    '--python-version',
    version.stdout.trim(),
    `awslambdaric==${VERSION}`,
  ]
  const { status, stderr } = spawnSync('python3', words, { encoding: 'utf8' })
  if (status !== 0) return `awslambdaric cannot be installed: ${stderr.trim().split('\n').at(-1)}`
  renameSync(draft, PACKAGES)
  return undefined
}

const HANDLER = `import json, os, sys

print("loading")

def handler(event, context):
    print("working on", context.aws_request_id)
    if "fail" in event:
        raise ValueError(event["fail"])
    if "exit" in event:
        sys.exit(event["exit"])
    for name in os.listdir(os.environ["TMP_INPUT_DIR"]):
        with open(os.path.join(os.environ["TMP_INPUT_DIR"], name)) as source:
            with open(os.path.join(os.environ["TMP_OUTPUT_DIR"], name.upper()), "w") as target:
                target.write(source.read().upper())
    return {
        "event": event,
        "function": context.function_name,
        "remaining": context.get_remaining_time_in_millis() > 0,
    }
`

/** Its entry point does what that of AWS's images does: https://gallery.ecr.aws/lambda/python */
const ENTRY_POINT = `#!/bin/sh
if [ $# -ne 1 ]; then echo "entrypoint requires the handler name to be the first argument" >&2; exit 142; fi
export _HANDLER="$1"
[ -n "$AWS_LAMBDA_RUNTIME_API" ] || exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap
exec /var/runtime/bootstrap
`
const BOOTSTRAP = `#!/bin/sh
exec ${PYTHON} -m awslambdaric "$_HANDLER"
`

const AWS_LIKE: BaseImage = {
  fill(root) {
    glibcRoot(root)
    cpSync(PACKAGES, join(root, 'var/runtime'), { recursive: true })
    placeLibraries(root, compiledParts())
    place(root, 'lambda-entrypoint.sh', ENTRY_POINT)
    place(root, 'var/runtime/bootstrap', BOOTSTRAP)
    place(root, 'var/task/app.py', HANDLER)
  },
  config: {
    Entrypoint: ['/lambda-entrypoint.sh'],
    Cmd: ['app.handler'],
    WorkingDir: '/var/task',
    Env: [
      'LAMBDA_TASK_ROOT=/var/task',
      'PYTHONPATH=/var/runtime:/var/task',
      'LD_LIBRARY_PATH=/var/lang/lib',
      'PATH=/usr/bin:/bin',
    ],
  },
}

/** What the compiled part of the client is linked with. */
const compiledParts = () =>
  readdirSync(PACKAGES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.so'))
    .map((name) => join(PACKAGES, name))

export const PYTHON_CLIENT: RuntimeClient = {
  name: 'awslambdaric, for Python',
  errorType: 'ValueError',
  whyNot: whyNoRuntimeClient,
  image: AWS_LIKE,
  file: { path: 'app.py', content: HANDLER },
  command: ['sh', '-c', `cd "$SPILLWAY_FILES_DIR" && exec ${PYTHON} -m awslambdaric app.handler`, 'awslambdaric'],
  environment: { PYTHONPATH: PACKAGES },
}
