/** Which image each function on Lambda gets, found out without touching anything. */
import { hiddenOf } from '../../dispatcher/backends/lambda/compile/function-definition.js'
import type { LambdaFunction, LambdaService } from '../../dispatcher/backends/lambda/compile/lambda-service.js'
import { functionFile } from '../../dispatcher/backends/lambda/compile/function-file.js'
import { functionLayer } from '../../dispatcher/backends/lambda/compile/function-layer.js'
import type { Images, LayerRequest } from '../../dispatcher/images/images.js'
import type { PackagedImage, Registration } from '../registration.js'

export interface PlanImages {
  images: Images
  lambda: LambdaService
  registrations: readonly Registration[]
  /** The image of a function as a registry knows it. */
  baseOf(entry: LambdaFunction): Promise<string>
}

export interface PlannedImage extends PackagedImage {
  /** Variables of the image that are for the script alone, without their values. */
  hidden: Record<string, string>
}

/** By key. */
export async function planImages({
  images,
  lambda,
  registrations,
  baseOf,
}: PlanImages): Promise<Map<string, PlannedImage>> {
  const planned = lambda.functions.map(async (entry) => {
    const layers = { images, lambda, entry, registration: registrationOf(entry, registrations) }
    const { hidden, ...request } = await layersOn(await baseOf(entry), layers)
    const { tag, digest } = await images.planImage(request)
    return [entry.key, { base: request.base, tag, digest, hidden }] as const
  })
  return new Map(await Promise.all(planned))
}

export interface LayersOn {
  images: Images
  lambda: LambdaService
  entry: LambdaFunction
  registration: Registration
}

/** The base, pinned, and what goes on top of it. */
export async function layersOn(reference: string, { images, lambda, entry, registration }: LayersOn) {
  const { architecture } = entry.spec
  const facts = await images.readImageFacts(reference, { architecture })
  const { body, facts: packaged } = registration
  const file = functionFile({ entry, service: lambda, facts, digest: packaged.digest })
  const layers: LayerRequest[] = ['kit', functionLayer(file, body.files)]
  return { base: facts.reference, layers, architecture, hidden: hiddenOf(facts.environment) }
}

export function registrationOf(
  { key }: Pick<LambdaFunction, 'key'>,
  registrations: readonly Registration[],
): Registration {
  const found = registrations.find((entry) => entry.key === key)
  if (!found) throw new Error(`function ${key} was not packaged`)
  return found
}
