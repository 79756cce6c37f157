/** Puts programs into the root directory of an image, with the libraries that they are linked with. */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseLdd } from '../../../dispatcher/images/kit.js'

export function place(root: string, name: string, content: string): void {
  const path = join(root, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  chmodSync(path, 0o755)
}

export function placeLibraries(root: string, programs: readonly string[]): void {
  const libraries = programs.flatMap((program) => parseLdd(execFileSync('ldd', [program], { encoding: 'utf8' })))
  for (const path of new Set(libraries)) {
    if (existsSync(join(root, path))) continue
    mkdirSync(join(root, dirname(path)), { recursive: true })
    cpSync(realpathSync(path), join(root, path))
  }
}
