/** The HTTP face of a dispatcher, as a value: `inject()` in tests, `listen()` in main. */
import fastify, { type FastifyInstance } from 'fastify'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { BackendHost } from '../backends/backend.js'
import type { Dispatcher } from '../dispatcher.js'
import { checkAccess } from './access.js'
import { addDocs } from './docs.js'
import { answerBeforeRoutes, answerWithProblems } from './problems.js'
import { addAttempts } from './v1/attempts.js'
import { addBackends } from './v1/backends.js'
import { addEvents } from './v1/events.js'
import { addFiles } from './v1/files.js'
import { addFunctions } from './v1/functions.js'
import { addHealth } from './v1/health.js'
import { addHistory } from './v1/history.js'
import { addQuarantine } from './v1/quarantine.js'
import { addInvocations } from './v1/invocations.js'
import { addInvoke } from './v1/invoke.js'
import { addRuntimeApi } from './v1/runtime-api.js'
import { addStorages } from './v1/storages.js'
import { addUploadedFiles, addUploads } from './v1/uploads.js'
import { addWorkers } from './v1/workers.js'

/** Milliseconds that an idle connection stays open: longer than a worker waits in `next`. */
const KEEP_ALIVE_MS = 75_000

export async function buildServer(dispatcher: Dispatcher, log: BackendHost['log']): Promise<FastifyInstance> {
  const app = fastify({
    ...answerBeforeRoutes,
    logger: false,
    exposeHeadRoutes: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 0,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: true,
        useDefaults: true,
        keywords: ['unit', 'shorthand', 'hint'],
      },
    },
  })
  app.decorateRequest('worker', null)
  app.addHook('onRequest', async (request) => checkAccess(request, dispatcher.config, dispatcher.now()))
  app.addHook('preHandler', async ({ query }) => refuseInfinite(query))
  app.addHook('preHandler', async ({ params }) => meetFunction(params, dispatcher))
  answerWithProblems(app, log)
  await addDocs(app)
  await app.register(async (scope) => {
    addHealth(scope, dispatcher)
    addFunctions(scope, dispatcher)
    addInvocations(scope, dispatcher)
    addHistory(scope, dispatcher)
    addQuarantine(scope, dispatcher)
    addUploads(scope, dispatcher)
    addBackends(scope, dispatcher)
    addStorages(scope, dispatcher)
    addAttempts(scope, dispatcher)
    addWorkers(scope, dispatcher)
  })
  await app.register(async (scope) => addInvoke(takeAnyBody(scope), dispatcher))
  await app.register(async (scope) => addEvents(takeAnyBody(scope), dispatcher))
  await app.register(async (scope) => addRuntimeApi(takeAnyBody(scope), dispatcher))
  await app.register(async (scope) => addFiles(streamAnyBody(scope), dispatcher))
  await app.register(async (scope) => addUploadedFiles(streamAnyBody(scope), dispatcher))
  return app
}

/** Bodies are not read before the route does. */
function streamAnyBody(scope: FastifyInstance): FastifyInstance {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, body, done) => done(null, body))
  return scope
}

/** Bodies of any type, or of none, come as they are. */
function takeAnyBody(scope: FastifyInstance): FastifyInstance {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  return scope
}

/** Every `:name` of a path is one of a function. */
async function meetFunction(params: unknown, { functions }: Dispatcher): Promise<void> {
  const { name } = (params ?? {}) as { name?: string }
  if (name !== undefined) await functions.meet(name)
}

/** `1e400` is read as a number without end, which the limits of a schema do not look at. */
function refuseInfinite(query: unknown): void {
  const wrong = Object.entries(query ?? {}).find(([, value]) => typeof value === 'number' && !Number.isFinite(value))
  if (wrong) throw new SpillwayError('invalid-request', `querystring/${wrong[0]} must be a finite number.`)
}
