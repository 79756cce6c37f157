/** Before the stack is deployed: everything is looked at, then what it refers to is made. Nothing is made twice. */
import { resolve } from 'node:path'
import { lambdaImageProblems } from '../../../dispatcher/images/lambda-image-rules.js'
import type { Images } from '../../../dispatcher/images/images.js'
import type { LambdaFunction, LambdaService } from '../../../dispatcher/backends/lambda/compile/lambda-service.js'
import { notificationsFor, regionOf } from '../../../dispatcher/backends/lambda/compile/notifications.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { keepStaging, makeBuckets, missingBuckets, type NeededBuckets } from '../../aws/buckets.js'
import { openS3 } from '../../aws/open-s3.js'
import { option, type CommandContext } from '../../context.js'
import { MeasuredImages } from '../../lambda/measured-images.js'
import { openServiceImages } from '../../lambda/open-images.js'
import { layersOn, registrationOf } from '../../lambda/plan-images.js'
import type { ServiceName } from '../../names.js'
import {
  buildRegistrations,
  checkAgainstPackage,
  packagedImages,
  type PackagedImage,
  type Registration,
} from '../../registration.js'
import { allFunctions } from '../../service.js'

/** Digest that was planned -> digest that the registry has for the same content. */
export type Digests = ReadonlyMap<string, string>

/** `configuredPath`: where the service keeps its package, unless the command line says so. */
export async function prepare(context: CommandContext, configuredPath: string | undefined): Promise<Digests> {
  const { service, output } = context
  const { lambda } = service
  if (!lambda || lambda.functions.length === 0) return new Map()
  const directory = resolve(service.directory, option(context, 'package') ?? configuredPath ?? '.serverless')
  const registrations = buildRegistrations(service, allFunctions(service))
  checkAgainstPackage(directory, registrations)
  const planned = packagedImages(directory)
  const wanted = lambda.functions.map((entry) => ({ entry, image: demandImage(planned, entry) }))
  const progress = output.progress.create({ message: 'Looking at images and buckets' })
  const images = openServiceImages(context)
  try {
    await checkImages({ context, images, lambda, registrations, wanted })
    await makeMissingBuckets(context, lambda)
    progress.update('Making images')
    return await pushAll({ context, images, lambda, registrations, wanted })
  } finally {
    images.close()
    progress.remove()
  }
}

async function makeMissingBuckets({ aws, output }: CommandContext, lambda: LambdaService): Promise<void> {
  const s3 = await openS3(await aws().clientConfig())
  const needed = neededBuckets(lambda)
  const missing = await missingBuckets(s3, needed)
  await makeBuckets(s3, missing, needed)
  await keepStaging(s3, needed)
  for (const bucket of missing) output.log.success(`bucket ${bucket}: made`)
}

interface Wanted {
  entry: LambdaFunction
  image: PackagedImage
}

function demandImage(planned: ReadonlyMap<string, PackagedImage>, { key, name }: LambdaFunction): PackagedImage {
  const image = planned.get(name)
  if (image) return image
  throw new SpillwayError('invalid-request', `The package has no image for ${key}. Run \`serverless package\` again.`)
}

/** Lambda's rules, for images that have not been found to keep them before. */
async function checkImages({ context, images, lambda, registrations, wanted }: ImagesWork): Promise<void> {
  const measured = new MeasuredImages(context.environment.cacheDirectory)
  const problems: string[] = []
  for (const { entry, image } of wanted) {
    if (measured.has(image.tag)) continue
    const registration = registrationOf(entry, registrations)
    const { hidden: _, ...request } = await layersOn(image.base, { images, lambda, entry, registration })
    const measure = await images.measureImage(request)
    const found = lambdaImageProblems({ measure, architecture: request.architecture })
    if (found.length === 0) measured.add(image.tag)
    else problems.push(...found.map((problem) => `functions.${entry.key}: ${problem}`))
  }
  if (problems.length > 0) throw new SpillwayError('image-refused', problems.join('\n'))
}

/** Those of other regions are left to their owners. */
const neededBuckets = (lambda: LambdaService): NeededBuckets => ({
  staging: lambda.stagingBucket,
  others: [
    ...notificationsFor(lambda).map(({ bucket }) => bucket),
    ...lambda.functions
      .filter(({ road }) => road === 'direct')
      .flatMap(({ spec }) => spec.output)
      .filter(({ storage }) => regionOf(lambda.storage[storage]!, lambda.region) === lambda.region)
      .map(({ bucket }) => bucket),
  ],
  owner: ownerOf(lambda),
})

export const ownerOf = ({ service, stage }: ServiceName): string => `${service}-${stage}`

interface ImagesWork {
  context: CommandContext
  images: Images
  lambda: LambdaService
  registrations: readonly Registration[]
  wanted: readonly Wanted[]
}

async function pushAll({ context, images, lambda, registrations, wanted }: ImagesWork): Promise<Digests> {
  const repository = await repositoryOf(context)
  const digests = new Map<string, string>()
  for (const { entry, image } of wanted) {
    const registration = registrationOf(entry, registrations)
    const { hidden: _, ...request } = await layersOn(image.base, { images, lambda, entry, registration })
    const { reference, pushed } = await images.deriveImage({ ...request, repository })
    digests.set(image.digest, digestIn(reference))
    if (pushed) context.output.log.success(`${entry.name}: image ${image.tag} pushed to ${repository}`)
  }
  return digests
}

/** `registry/name`; an emulator of AWS has its registry elsewhere. */
export async function repositoryOf({ environment, aws }: CommandContext): Promise<string> {
  const { makeRepository, repositoryName } = aws()
  const repository = await makeRepository()
  return environment.ecrRegistry ? `${environment.ecrRegistry}/${repositoryName}` : repository
}

export const digestIn = (reference: string): string => reference.slice(reference.indexOf('@') + 1)
