/** An HTTP server on 127.0.0.1 that is a test's own and gone after it. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LocalServer {
  server: Server
  /** Without a path. */
  url: string
}

/** Call inside `describe`: gives a server per test, before the hooks that come after the call. */
export function localServer(listener: RequestListener): () => LocalServer {
  let server: Server
  beforeEach(async () => {
    server = createServer(listener)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => server.closeAllConnections())
  afterEach(() => new Promise((resolve) => server.close(resolve)))
  return () => ({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}
