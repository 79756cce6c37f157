/** Functions -> what the framework puts into the stack: definitions in its own words, and resources beside them. Pure. */
import { functionDefinition, getsRole, roleId, type FunctionDefinition } from './function-definition.js'
import type { LambdaService } from './lambda-service.js'
import { eventQueueName, logicalId } from './names.js'
import { notificationsFor, type StackMetadata } from './notifications.js'
import { permissionResources } from './permissions.js'
import { queueResources } from './queues.js'
import { roleFor } from './role.js'

export interface CompiledService {
  /** By key. */
  functions: Record<string, FunctionDefinition>
  resources: {
    Resources: Record<string, object>
    Outputs: Record<string, object>
    /** Read again from the template of a deployment that is to be undone. */
    Metadata: { Spillway: StackMetadata }
  }
}

/** `idOf`: what the framework calls a function in the template, by its key. */
export function compile(service: LambdaService, idOf: (key: string) => string): CompiledService {
  const withRole = service.functions.filter((entry) => getsRole(entry, service))
  const queues = queueResources(service)
  return {
    functions: Object.fromEntries(service.functions.map((entry) => [entry.key, functionDefinition(entry, service)])),
    resources: {
      Resources: {
        ...Object.fromEntries(withRole.map((entry) => [roleId(entry), roleFor(entry, service)])),
        ...permissionResources(service, idOf),
        ...queues,
      },
      Outputs: logicalId('Events') in queues ? queueOutput(service) : {},
      Metadata: { Spillway: { notifications: notificationsFor(service) } },
    },
  }
}

const queueOutput = (service: LambdaService) => ({
  SpillwayEventQueue: {
    Description: 'Name of the queue that the dispatcher polls: an entry of `queues` of its storage',
    Value: eventQueueName(service),
  },
})
