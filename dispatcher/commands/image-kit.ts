/** `spillway image kit`: the runtime kit of this machine, for a dispatcher on a machine of another architecture. */
import type { Command } from './command.js'
import { CACHE_OPTION, imagesOptions } from './images-options.js'

export const imageKit: Command = {
  name: 'image kit',
  words: ['DIR'],
  about: 'Write the runtime kit of this machine into a new directory, to be used elsewhere.',
  options: { cache: CACHE_OPTION },
  notes: `A dispatcher makes kits for its own architecture. To run functions of another one, run this on a machine of that
architecture, copy the directory to the dispatcher, and name it there as kits.arm64 or kits.x86_64.`,
  async run(call) {
    const { copyKit } = await import('../images/copy-kit.js')
    const [directory = ''] = call.words
    const architecture = await copyKit(await imagesOptions(call), directory)
    call.say(`The runtime kit for ${architecture} is in ${directory}.`)
  },
}
