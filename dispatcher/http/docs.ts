/** The API describes itself: /openapi.json (OpenAPI 3.1) and /docs (Swagger UI). */
import type { FastifyInstance } from 'fastify'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'

const VERSION = '1.0.0'

const TAGS = [
  { name: 'functions', description: 'register, read and remove functions; invoke them' },
  { name: 'invocations', description: 'the record: what was accepted, decided, run and published' },
  { name: 'events', description: 'notifications of object stores' },
  { name: 'back-ends', description: 'where work runs' },
  { name: 'storages', description: 'where files lie' },
  { name: 'workers', description: 'what workers say to the dispatcher; not for users' },
  { name: 'health', description: 'probes and metrics' },
]

/** Our name on the page, and no bar with somebody else's. */
const THEME = {
  title: 'Spillway API',
  css: [{ filename: 'spillway.css', content: '.swagger-ui .topbar { display: none }' }],
}

export async function addDocs(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Spillway dispatcher',
        version: VERSION,
        description: 'Takes in work, records it, decides, hands it out, settles it.',
      },
      tags: TAGS,
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }, {}],
    },
  })
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.config = { ...route.config, role: 'public' }
  })
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { docExpansion: 'list' }, theme: THEME })
  app.get('/openapi.json', { config: { role: 'public' }, schema: { hide: true } }, () => app.swagger())
}
