/** Before the framework compiles functions: which image each one on Lambda gets. Nothing is pushed. */
import { imageUri, kitImage } from '../../../dispatcher/backends/lambda/compile/function-definition.js'
import type { LambdaFunction } from '../../../dispatcher/backends/lambda/compile/lambda-service.js'
import type { CommandContext } from '../../context.js'
import { openServiceImages } from '../../lambda/open-images.js'
import { planImages } from '../../lambda/plan-images.js'
import { buildRegistrations, type PackagedImage } from '../../registration.js'
import { allFunctions } from '../../service.js'

/** Gives the framework the image of a function, and what of the image's variables is hidden from the supervisor. */
export type SetImage = (key: string, image: object, hidden?: Record<string, string>) => void

/** By key. */
export async function plan(context: CommandContext, setImage: SetImage): Promise<Map<string, PackagedImage>> {
  const { lambda } = context.service
  if (!lambda || lambda.functions.length === 0) return new Map()
  const aws = context.aws()
  const images = openServiceImages(context)
  try {
    const registrations = buildRegistrations(context.service, allFunctions(context.service))
    const planned = await planImages({ images, lambda, registrations, baseOf: (entry) => baseOf(entry, context) })
    for (const { key, spec } of lambda.functions) {
      const { digest, hidden } = planned.get(key)!
      const uri = `${aws.repositoryName}@${digest}`
      setImage(key, kitImage(uri, await images.kitCommand(spec.architecture)), hidden)
    }
    return planned
  } finally {
    images.close()
  }
}

/** What the compiled functions refer to: text would name an account, which need not be known to package. */
export function eachUri(context: CommandContext, images: ReadonlyMap<string, PackagedImage>, setUri: SetImage): void {
  const { repositoryName } = context.aws()
  for (const [key, { digest }] of images) setUri(key, imageUri(repositoryName, digest))
}

/** A name of `provider.ecr.images` is built first; everything else is in some registry. */
export async function baseOf({ key, spec }: LambdaFunction, context: CommandContext): Promise<string> {
  const image = spec.image ?? ''
  const aws = context.aws()
  return aws.builtImages.includes(image) ? withinReach(await aws.buildImage(key, image), context) : image
}

/** An emulator of AWS has its registry elsewhere than where AWS would have it. */
const withinReach = (reference: string, { environment }: CommandContext): string =>
  environment.ecrRegistry === undefined ? reference : reference.replace(/^[^/]*/, environment.ecrRegistry)
