/** Lambda with one function, out of the image that a deployment pushes: derived in a registry, pulled from there, in real sandboxes. */
import { parseReference } from '../../../dispatcher/images/reference.js'
import type { SmallAws } from '../../support/lambda/beside-lambda.js'
import { DerivedFunctions } from './derived-functions.js'
import { RealLambda } from './real-lambda.js'

export interface DerivedLambdaParts {
  /** Of the function, in the registry that gets what is derived from it. */
  image: string
  name: string
  /** Keys of the spec. */
  spec: Record<string, unknown>
  script: string
}

export async function startDerivedLambda({ image, name, spec, script }: DerivedLambdaParts) {
  const running: { stop(): Promise<void> }[] = []
  const stop = async () => {
    for (const one of running.splice(0).reverse()) await one.stop()
  }
  try {
    const functions = DerivedFunctions.in(parseReference(image).registry)
    running.push(functions)
    const { lambda, s3 } = await RealLambda.startSmall()
    running.push(s3, lambda)
    functions.use('base', image)
    const source = { base: 'base', name, spec: { ...spec, script: 'work.sh' }, files: { 'work.sh': script } }
    await lambda.install(await functions.derive(source))
    return { endpoint: lambda.endpoint, s3, stop } satisfies SmallAws & { stop: () => Promise<void> }
  } catch (error) {
    await stop()
    throw error
  }
}
