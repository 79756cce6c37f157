/** An image with the Python of this machine and packages of a virtual environment of it, such as scikit-learn. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseLdd } from '../../../dispatcher/images/kit.js'
import { glibcRoot } from './root-directories.js'

/** Needed by nobody who only imports. */
const LEFT_OUT = /\/(tests|pip|setuptools|__pycache__|[^/]+\.dist-info)$/

export function pythonRoot(root: string, environment: string): void {
  glibcRoot(root)
  // Where scripts look for it.
  symlinkSync('/bin/env', join(root, 'usr/bin/env'))
  const python = basename(realpathSync('/usr/bin/python3'))
  const packages = join(environment, 'lib', python, 'site-packages')
  const place = join(root, 'usr/local/lib', python, 'dist-packages')
  cpSync(packages, place, { recursive: true, filter: (path) => !LEFT_OUT.test(path) })
  const folders = [packages, join('/usr/lib', python, 'lib-dynload')]
  for (const path of librariesOf(folders.flatMap(sharedObjects)))
    if (!path.startsWith(environment)) placeLibrary(path, root)
}

const sharedObjects = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.so(\.|$)/.test(name))
    .map((name) => join(folder, name))

const librariesOf = (programs: string[]): Set<string> =>
  new Set(parseLdd(execFileSync('ldd', programs, { encoding: 'utf8', maxBuffer: 2 ** 26 })))

function placeLibrary(path: string, root: string): void {
  const target = join(root, path)
  if (existsSync(target)) return
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(realpathSync(path), target)
}
