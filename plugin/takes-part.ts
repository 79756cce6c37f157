/** Whether the framework's own half of a command about one of our functions runs. Pure. */
import { isDirect, type Service } from './service.js'

/** Commands that change what is in the stack. */
const OF_THE_STACK = ['deploy', 'deploy function']
/** Commands that AWS answers where no dispatcher knows the function. */
const OF_THE_RECORD = ['logs', 'metrics']

export function takesPart(
  commands: readonly string[],
  key: string,
  service: Pick<Service, 'direct' | 'lambda'>,
): boolean {
  const command = commands.join(' ')
  if (OF_THE_STACK.includes(command)) return service.lambda?.functions.some((entry) => entry.key === key) ?? false
  return OF_THE_RECORD.includes(command) && isDirect(service, { key })
}
