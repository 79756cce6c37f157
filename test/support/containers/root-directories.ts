/** What the images of the tests contain: programs of this machine, or made for it, laid out below a directory. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseLdd } from '../../../dispatcher/images/kit.js'

/** Statically linked, and every program of a small system at once. */
export function busyboxRoot(root: string): void {
  place('/bin/busybox', root)
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).split('\n')
  for (const name of applets.filter((applet) => applet !== '' && applet !== 'busybox'))
    symlinkSync('busybox', join(root, 'bin', name))
  makeTmp(root)
}

/** Programs of this machine with the C library that they are linked with, and what Python brings along. */
export function glibcRoot(root: string): void {
  const programs = 'sh bash env cat tr wc ls cp mv mkdir touch ln sleep grep basename dirname setsid'.split(' ')
  for (const name of programs) placeLinked(`/bin/${name}`, root)
  const python = realpathSync('/usr/bin/python3')
  placeLinked(python, root)
  symlinkSync(basename(python), join(root, 'usr/bin/python3'))
  copyTree(`/usr/lib/${basename(python)}`, root)
  makeTmp(root)
}

/** One program, linked with musl, its loader, and nothing else. */
export function muslRoot(root: string): void {
  compile(root, [])
  const loader = execFileSync('sh', ['-c', 'echo /lib/ld-musl-*.so.1'], { encoding: 'utf8' }).trim()
  place(loader, root)
}

/** One program that needs nothing, not even a loader. */
export const staticRoot = (root: string): void => compile(root, ['-static'])

/** Tells what it sees, turns its standard input to upper case, and leaves a result. */
const PROGRAM = String.raw`
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **words) {
  char path[4096], *at[] = {"LD_LIBRARY_PATH", "LD_PRELOAD", "NODE_OPTIONS", "NODE_ENV", "SPILLWAY_WORKER_TOKEN"};
  for (int i = 0; i < count; i++) printf("word %s\n", words[i]);
  printf("uid %d\ncwd %s\n", (int)getuid(), getcwd(path, sizeof path));
  for (int i = 0; i < 5; i++) printf("%s=%s\n", at[i], getenv(at[i]) ? getenv(at[i]) : "(none)");
  for (int c; (c = getchar()) != EOF;) putchar(toupper(c));
  snprintf(path, sizeof path, "%s/result", getenv("TMP_OUTPUT_DIR"));
  FILE *result = fopen(path, "w");
  if (!result) return 9;
  fputs("done", result);
  return fclose(result);
}
`

function compile(root: string, flags: string[]): void {
  mkdirSync(join(root, 'bin'), { recursive: true })
  const source = join(root, 'tell.c')
  writeFileSync(source, PROGRAM)
  execFileSync('musl-gcc', [...flags, '-Os', '-o', join(root, 'bin/tell'), source])
  rmSync(source)
}

function makeTmp(root: string): void {
  mkdirSync(join(root, 'tmp'), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
}

function place(from: string, root: string): void {
  const target = join(root, from)
  if (existsSync(target)) return
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(realpathSync(from), target)
  chmodSync(target, 0o755)
}

/** A program of this machine with the libraries that it is linked with. */
export function placeLinked(program: string, root: string): void {
  place(program, root)
  const libraries = parseLdd(execFileSync('ldd', [program], { encoding: 'utf8' }))
  for (const path of libraries) place(path, root)
}

function copyTree(from: string, root: string): void {
  mkdirSync(join(root, dirname(from)), { recursive: true })
  const skip = ['test', 'idlelib', 'lib2to3', 'ensurepip', 'config-*', '__pycache__'].map((name) => `--exclude=${name}`)
  execFileSync('sh', ['-c', `tar -C / ${skip.join(' ')} -c ".${from}" | tar -C "${root}" -x`])
}
