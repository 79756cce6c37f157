/** What is registered of each function, and the document in `.serverless/` that says so. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { FileFacts, PutFunction } from '../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../runtime/contract/errors.js'
import { fileFacts } from '../runtime/contract/file-facts.js'
import { packageFiles } from './package.js'
import type { Service, ServiceFunction } from './service.js'

export interface Registration extends ServiceFunction {
  body: PutFunction
  facts: PackagedFunction
}

export interface PackagedFunction {
  name: string
  spec: object
  files: FileFacts[]
  /** Changes exactly when the spec or a file does. */
  digest: string
  /** Of a function on Lambda. */
  image?: PackagedImage
}

/** Which image a function on Lambda gets: what was packaged is what is deployed. */
export interface PackagedImage {
  /** The user's image, pinned. */
  base: string
  /** Of the derived image. */
  tag: string
  digest: string
}

const FILE_NAME = 'spillway.json'
/** Of what functions become in a cluster, beside it. */
export const OBJECTS_FOLDER = 'kubernetes'

/** Of the functions that a dispatcher knows, unless others are named. */
export const buildRegistrations = (
  service: Service,
  functions: readonly ServiceFunction[] = service.functions,
): Registration[] =>
  functions.map((entry) => {
    const files = packageFiles(service.directory, entry.spec)
    return { ...entry, body: { spec: entry.spec, files }, facts: describePackage(entry, files.map(fileFacts)) }
  })

function describePackage({ name, spec }: ServiceFunction, files: FileFacts[]): PackagedFunction {
  const digest = createHash('sha256')
    .update(JSON.stringify([spec, files]))
    .digest('hex')
  return { name, spec, files, digest }
}

/** `images`: of the functions on Lambda, by key. */
export function writePackage(
  directory: string,
  registrations: Registration[],
  images: ReadonlyMap<string, PackagedImage> = new Map(),
): string {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, FILE_NAME)
  const functions = registrations.map(({ key, facts }) => ({ ...facts, ...imageOf(images.get(key)) }))
  writeFileSync(file, `${JSON.stringify({ functions }, undefined, 2)}\n`)
  return file
}

const imageOf = (image: PackagedImage | undefined) => (image ? { image } : {})

/** Takes what is ours out of `.serverless/`, and the folder too where nothing else is in it. */
export function removePackage(serviceDirectory: string): void {
  const directory = join(serviceDirectory, '.serverless')
  for (const name of [FILE_NAME, OBJECTS_FOLDER]) rmSync(join(directory, name), { recursive: true, force: true })
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory)
}

/** `deploy --package`: what was packaged holds no content, so the files must still be the same ones. */
export function checkAgainstPackage(directory: string, registrations: Registration[]): void {
  const packaged = readPackage(directory)
  const changed = registrations.filter(
    ({ facts }) => !packaged.some(({ name, digest }) => name === facts.name && digest === facts.digest),
  )
  if (changed.length === 0 && packaged.length === registrations.length) return
  throw new SpillwayError(
    'invalid-request',
    `The package in ${directory} is not of these files; changed: ${changed.map(({ key }) => key).join(', ') || 'functions were removed'}. Run \`serverless package\` again, or deploy without --package.`,
  )
}

/** Empty where nothing was packaged yet. */
export const lastPackage = (directory: string): PackagedFunction[] =>
  existsSync(join(directory, FILE_NAME)) ? readPackage(directory) : []

/** By name of the function. */
export const packagedImages = (directory: string): Map<string, PackagedImage> =>
  new Map(readPackage(directory).flatMap(({ name, image }) => (image ? [[name, image]] : [])))

function readPackage(directory: string): PackagedFunction[] {
  const file = resolve(directory, FILE_NAME)
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { functions: PackagedFunction[] }).functions
  } catch (cause) {
    throw new SpillwayError(
      'invalid-request',
      `${file} cannot be read. Run \`serverless package --package ${directory}\` first.`,
      {},
      { cause },
    )
  }
}
