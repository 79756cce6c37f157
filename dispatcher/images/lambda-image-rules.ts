/**
 * What Lambda takes as an image, checked before anything is touched. Pure.
 * https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs (2026-08)
 */
import { LAMBDA_LIMITS } from '../../runtime/contract/aws-limits.js'
import { formatBytes } from '../../runtime/contract/units.js'
import type { Architecture } from './image-facts.js'
import { isManifest } from './media-types.js'
import type { ImageMeasure } from './measure-image.js'

export interface LambdaImage {
  measure: ImageMeasure
  /** The function's. */
  architecture: Architecture
  /** The function runs that very image, not one derived from it. */
  asItIs?: boolean
}

/** Of archives that Lambda unpacks: plain, gzip, and Zstandard. */
const LAYER_TYPES = /\.tar(\+gzip|\.gzip|\+zstd)?$/

/** Every rule that is broken, each with what was found and what is allowed. */
export function lambdaImageProblems(image: LambdaImage): string[] {
  const { reference } = image.measure
  return [...sizeProblems(image), ...architectureProblems(image), ...typeProblems(image)].map(
    (problem) => `The image ${reference} does not fit Lambda: ${problem}`,
  )
}

function sizeProblems({ measure: { layers, addedBytes } }: LambdaImage): string[] {
  const own = layers.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0)
  if (own + addedBytes <= LAMBDA_LIMITS.imageBytes) return []
  const ours = addedBytes > 0 ? `, and the runtime kit with the files of the function ${formatBytes(addedBytes)}` : ''
  return [`unpacked it has at least ${formatBytes(own)}${ours}; ${formatBytes(LAMBDA_LIMITS.imageBytes)} are allowed.`]
}

function architectureProblems({ measure, architecture, asItIs = false }: LambdaImage): string[] {
  const { architectures, isIndex } = measure
  if (!architectures.includes(architecture))
    return [`it is for ${architectures.join(', ') || 'no architecture'}, the function is for ${architecture}.`]
  if (!asItIs || !isIndex) return []
  return [
    `it is an index of ${architectures.length} platform(s), one image is allowed. Build it with --provenance=false for one platform.`,
  ]
}

function typeProblems({ measure }: LambdaImage): string[] {
  const odd = new Set(measure.layers.map(({ mediaType }) => mediaType).filter((type) => !LAYER_TYPES.test(type)))
  return [
    ...(isManifest(measure.mediaType)
      ? []
      : [`its manifest is of type ${measure.mediaType}, one of an image is allowed.`]),
    ...[...odd].map((type) => `it has a layer of type ${type}, archives are allowed.`),
  ]
}
