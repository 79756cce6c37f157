/** `serverless deploy function -f NAME` of a function on Lambda: its image is made, then the framework updates it. */
import { kitImage } from '../../../dispatcher/backends/lambda/compile/function-definition.js'
import { option, type CommandContext } from '../../context.js'
import { openServiceImages } from '../../lambda/open-images.js'
import { layersOn } from '../../lambda/plan-images.js'
import { buildRegistrations } from '../../registration.js'
import { allFunctions } from '../../service.js'
import { baseOf, type SetImage } from './plan.js'
import { digestIn, repositoryOf } from './prepare.js'

export async function prepareFunction(context: CommandContext, setImage: SetImage): Promise<void> {
  const { service } = context
  const { lambda } = service
  const entry = lambda?.functions.find(({ key }) => key === option(context, 'function'))
  if (!lambda || !entry) return
  const [registration] = buildRegistrations(
    service,
    allFunctions(service).filter(({ key }) => key === entry.key),
  )
  const images = openServiceImages(context)
  try {
    const base = await baseOf(entry, context)
    const { hidden, ...request } = await layersOn(base, { images, lambda, entry, registration: registration! })
    const { reference } = await images.deriveImage({ ...request, repository: await repositoryOf(context) })
    const uri = `${await context.aws().makeRepository()}@${digestIn(reference)}`
    setImage(entry.key, kitImage(uri, await images.kitCommand(entry.spec.architecture)), hidden)
  } finally {
    images.close()
  }
}
