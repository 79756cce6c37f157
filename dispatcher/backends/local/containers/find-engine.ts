/** Which container engine answers on this machine, asked once, when the dispatcher starts. */
import { SpillwayError } from '../../../../runtime/contract/errors.js'
import type { OnThisMachine } from '../../../../runtime/contract/function-spec.js'
import type { BackendsConfig } from '../../../../runtime/contract/service-config.js'
import { ContainerEngine, type EngineName } from './engine.js'

export type ContainersChoice = NonNullable<BackendsConfig['local']>['containers']

/** Undefined where functions run on the machine itself. Throws when a certain engine is wanted that does not answer. */
export async function findEngine(
  backend: OnThisMachine,
  choice: ContainersChoice,
  environment: Readonly<Record<string, string>>,
): Promise<ContainerEngine | undefined> {
  if (choice === 'off') return undefined
  if (choice === 'auto') return process.platform === 'linux' ? firstThatAnswers(environment) : undefined
  const engine = new ContainerEngine(choice, environment)
  const { ok, complaint } = await answerOf(engine)
  if (ok) return engine
  throw new SpillwayError(
    'backend-unavailable',
    `backends.${backend}.containers is ${choice}, but ${choice} does not answer: ${complaint}. Start it, or write auto or off.`,
  )
}

async function firstThatAnswers(environment: Readonly<Record<string, string>>): Promise<ContainerEngine | undefined> {
  const names: EngineName[] = ['docker', 'podman']
  const engines = names.map((name) => new ContainerEngine(name, environment))
  const answers = await Promise.all(engines.map((engine) => engine.answers()))
  return engines.find((_, index) => answers[index]?.ok)
}

/** The runtime kit is made of this machine's own files, so it fits Linux containers only on Linux. */
const answerOf = async (engine: ContainerEngine) =>
  process.platform === 'linux'
    ? engine.answers()
    : { ok: false, complaint: `containers run on Linux only, and this is ${process.platform}` }
