/** Makes sure that an image is on this machine, and tells what it says about itself. */
import type { ContainerEngine } from './engine.js'
import type { ImageFacts } from './image-facts.js'

/** The image, not the machine, is why a worker cannot start; the message has the engine's own words. */
export class ImageFault extends Error {
  override readonly name = 'ImageFault'
}

/** Milliseconds for which a registry is not asked again after it refused. */
const ASK_AGAIN_MS = 10_000

export class Images {
  readonly #engine: ContainerEngine
  readonly #now: () => number
  readonly #underWay = new Map<string, Promise<ImageFacts>>()
  readonly #closing = new AbortController()
  readonly #faults = new Map<string, { fault: Error; until: number }>()

  constructor(engine: ContainerEngine, now: () => number) {
    this.#engine = engine
    this.#now = now
  }

  /** Pulls it when it is missing; many that ask at once wait for the same pull. */
  facts(image: string): Promise<ImageFacts> {
    const known = this.#faults.get(image)
    if (known && known.until > this.#now()) return Promise.reject(known.fault)
    this.#faults.delete(image)
    const earlier = this.#underWay.get(image)
    if (earlier) return earlier
    const asked = this.#ask(image).finally(() => this.#underWay.delete(image))
    this.#underWay.set(image, asked)
    return asked
  }

  /** Breaks off what is being pulled. */
  close(): void {
    this.#closing.abort()
  }

  async #ask(image: string): Promise<ImageFacts> {
    const facts = await this.#engine.inspect(image)
    if (facts) return facts
    const { ok, complaint } = await this.#engine.pull(image, this.#closing.signal)
    const pulled = ok ? await this.#engine.inspect(image) : undefined
    return pulled ?? this.#refuse(image, complaint)
  }

  /** An engine that is down is no fault of the image. */
  async #refuse(image: string, complaint: string): Promise<never> {
    const { name } = this.#engine
    const answer = await this.#engine.answers()
    if (!answer.ok) throw new Error(`${name} does not answer: ${answer.complaint}`)
    const fault = new ImageFault(`${name} could not pull the image ${image}: ${complaint}`)
    this.#faults.set(image, { fault, until: this.#now() + ASK_AGAIN_MS })
    throw fault
  }
}
