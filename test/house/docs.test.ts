/** The pages say what the code does. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parse } from 'yaml'
import { readConfig } from '../../dispatcher/config.js'
import { generatedPages } from '../../docs/generate.js'
import { ownFunctions } from '../../plugin/read-service.js'
import { API_PATHS } from '../../runtime/contract/dispatcher-api.js'
import { ERROR_CODES } from '../../runtime/contract/errors.js'
import { FunctionSpecSchema } from '../../runtime/contract/function-spec.js'
import { formatProblems } from '../../runtime/contract/problem.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'
import { configuredBackends, readServiceConfig } from '../../runtime/contract/service-config.js'
import { scriptVariables } from '../../runtime/contract/worker-environment.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { REPOSITORY } from './sources.js'

const DOCS = join(REPOSITORY, 'docs')

interface Page {
  path: string
  text: string
}

const pages = (...folders: string[]): Page[] =>
  folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => join(folder, name))
      .map((path) => ({ path: relative(REPOSITORY, path), text: readFileSync(path, 'utf8') })),
  )

const page = (name: string): string => readFileSync(join(DOCS, name), 'utf8')
const own = [...pages(DOCS), ...pages(join(REPOSITORY, 'examples'))]
const readme = join(REPOSITORY, 'README.md')
const all = existsSync(readme) ? [...own, { path: 'README.md', text: readFileSync(readme, 'utf8') }] : own

describe('the documentation', () => {
  it('is up to date where it is made from the code; if not, run `npm run docs`', async () => {
    const stale = (await generatedPages(DOCS)).filter(({ path, text }) => readFileSync(path, 'utf8') !== text)
    assert.deepEqual(
      stale.map(({ path }) => path),
      [],
    )
  })

  it('has every key of a function, every code and every path', () => {
    for (const key of Object.keys(FunctionSpecSchema.properties))
      assert.match(page('function-reference.md'), new RegExp(`^\\| \`${key}\` `, 'm'))
    for (const code of ERROR_CODES) assert.match(page('api.md'), new RegExp(`^\\| \`${code}\` `, 'm'))
    for (const path of Object.values(API_PATHS))
      assert.ok(page('api.md').includes(typeof path === 'string' ? `${path}\`` : pathOf(path)), String(path))
  })

  it('has the variables of a script, all of them and no others', () => {
    const table = page('script-contract.md').split('## Variables')[1]!.split('\n\nBeside')[0]!
    const names = [...table.matchAll(/^\| (.*?) +\|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
    )
    assert.deepEqual(names.sort(), [...Object.keys(scriptVariables(FACTS)), 'TMPDIR'].sort())
  })

  it('has links that lead somewhere', () => {
    const dead = all.flatMap(({ path, text }) =>
      links(text)
        .filter((link) => !leadsSomewhere(path, link))
        .map((link) => `${path}: ${link}`),
    )
    assert.deepEqual(dead, [])
  })

  it('names every page and every example in its index', () => {
    const index = page('README.md')
    for (const name of readdirSync(DOCS))
      if (name.endsWith('.md') && name !== 'README.md') assert.ok(index.includes(`(${name})`), name)
    for (const name of readdirSync(join(REPOSITORY, 'examples')))
      assert.ok(index.includes(`(../examples/${name}/README.md)`), name)
  })

  it('shows services that can be read', () => {
    const services = all.flatMap(({ path, text }) =>
      yamlBlocks(text).map((block) => ({ path, block: parse(block) as Service })),
    )
    const found = services.filter(({ block }) => block?.functions)
    assert.ok(found.length >= 2)
    for (const { path, block } of found) assert.equal(formatProblems(serviceProblems(block)), '', path)
  })

  describe('of the dispatcher', () => {
    const directory = temporaryDirectory()

    it('shows a file that can be read', () => {
      const files = yamlBlocks(page('dispatcher.md')).filter((block) => block.includes('listen:'))
      assert.equal(files.length, 1)
      const file = join(directory(), 'spillway.yml')
      writeFileSync(file, files[0]!)
      const config = readConfig(file, { SPILLWAY_TOKENS_USER: 'a' })
      assert.equal(config.port, 7700)
    })
  })

  it('knows nothing of the machine that it was written on', () => {
    const told = all.filter(({ text }) =>
      /(^|[\s"'`(])\/(work|home|root|tmp|Users)\//m.test(text.replace(/`\/tmp\/?`/g, '')),
    )
    assert.deepEqual(
      told.map(({ path }) => path),
      [],
    )
  })
})

interface Service {
  spillway?: unknown
  functions?: Record<string, Record<string, unknown>>
}

const FACTS = {
  invocation: 'i',
  attempt: 1,
  functionName: 'f',
  release: 1,
  backend: 'local',
  deadlineMs: 1,
  event: '{}',
  eventFile: 'e',
  eventTime: 't',
  objectKey: 'k',
  inputFile: 'i',
  inputDir: 'd',
  outputDir: 'o',
  filesDir: 'f',
} as const

/** `/v1/invocations/ID/log` */
const pathOf = (path: (...words: never[]) => string): string => {
  const named = (...words: string[]) => path(...(words as never[]))
  const written = [named('ID'), named('NAME'), named('NUMBER'), named('ID', 'NUMBER'), named('NAME', 'FILE')]
  return written.find((text) => page('api.md').includes(`${text}\``)) ?? named('ID')
}

const links = (text: string): string[] =>
  [...text.replace(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !/^[a-z]+:/.test(link))

function leadsSomewhere(path: string, link: string): boolean {
  const [file, anchor] = link.split('#') as [string, string | undefined]
  const target = file === '' ? join(REPOSITORY, path) : resolve(REPOSITORY, dirname(path), file)
  return existsSync(target) && (anchor === undefined || headings(readFileSync(target, 'utf8')).includes(anchor))
}

/** Anchors as https://docs.github.com/en/get-started/writing-on-github describes them for headings. */
const headings = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^a-z0-9 _-]/g, '')
      .replace(/ /g, '-'),
  )

const yamlBlocks = (text: string): string[] => [...text.matchAll(/```ya?ml\n([\s\S]*?)```/g)].map(([, block]) => block!)

function serviceProblems({ spillway, functions = {} }: Service) {
  const { value: config, problems } = readServiceConfig(spillway)
  if (!config) return problems
  const context = { storages: Object.keys(config.storage), backends: configuredBackends(config.backends) }
  return ownFunctions(functions).flatMap(
    (key) => readFunctionSpec(functions[key], { ...context, path: `functions.${key}` }).problems,
  )
}
