/** AWS's own runtime client for Python, and an image like those that AWS has for Lambda. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { parseLdd } from '../../../dispatcher/images/kit.js'
import { glibcRoot } from '../../support/containers/root-directories.js'
import { CACHE } from '../cache.js'
import type { BaseImage } from './derived-functions.js'

const VERSION = '4.2.2'
/** Debian's: the one that images of the tests have. */
const PYTHON = '/usr/bin/python3'

/** Directory of packages for that Python. */
export const PACKAGES = join(CACHE, `awslambdaric-${VERSION}`)

/** Installs it once. Why it cannot be had; undefined when it is there. */
export function whyNoRuntimeClient(): string | undefined {
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

export const HANDLER = `import json, os, sys

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

export const AWS_LIKE: BaseImage = {
  fill(root) {
    glibcRoot(root)
    cpSync(PACKAGES, join(root, 'var/runtime'), { recursive: true })
    placeLibraries(root)
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

function place(root: string, name: string, content: string): void {
  const path = join(root, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  chmodSync(path, 0o755)
}

/** What the compiled part of the client is linked with. */
function placeLibraries(root: string): void {
  const compiled = readdirSync(PACKAGES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.so'))
  const libraries = compiled.flatMap((name) =>
    parseLdd(execFileSync('ldd', [join(PACKAGES, name)], { encoding: 'utf8' })),
  )
  for (const path of new Set(libraries)) {
    if (existsSync(join(root, path))) continue
    mkdirSync(join(root, dirname(path)), { recursive: true })
    cpSync(realpathSync(path), join(root, path))
  }
}
