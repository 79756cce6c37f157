/** `spillway image push`: the one image that a dispatcher on a cluster runs. */
import { formatBytes } from '../../runtime/contract/units.js'
import type { Command } from './command.js'
import { CACHE_OPTION, imagesOptions, packageDirectory } from './images-options.js'

const NOTES = `The image holds this version of Spillway, its packages as they are installed here, and this machine's Node.js;
nothing else is in it. It is made by the registry's API alone, and twice the same where nothing has changed.
What it needs to be told stands in /etc/spillway/dispatcher.yml; it writes to /var/lib/spillway and /tmp only.

Credentials are those of \`docker login\` or \`podman login\`, those that AWS gives for ECR, or
  SPILLWAY_REGISTRY_<HOST>_USERNAME, _PASSWORD   the host in capitals, with _ for . : and -`

export const imagePush: Command = {
  name: 'image push',
  words: ['REGISTRY/NAME[:TAG]'],
  about: "Build the dispatcher's image and push it, without Docker.",
  options: {
    insecure: { about: 'speak plain HTTP, as is done anyway with a registry on this machine' },
    cache: CACHE_OPTION,
  },
  notes: NOTES,
  async run(call) {
    const { pushDispatcherImage } = await import('../images/dispatcher-image/push-dispatcher-image.js')
    const { parseReference } = await import('../images/reference.js')
    const [to = ''] = call.words
    const { registry } = parseReference(to)
    const pushed = await pushDispatcherImage({
      ...(await imagesOptions(call)),
      to,
      packageDirectory: packageDirectory(),
      insecureRegistries: call.values.insecure ? [registry] : [],
      signal: call.signal,
    })
    call.say(`${pushed.isNew ? 'Pushed' : 'Unchanged:'} ${pushed.name} (${formatBytes(pushed.bytes)})`)
    call.print(pushed.reference)
  },
}
