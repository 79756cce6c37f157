/** Listens, and prints its port: for tests that have it stand still until its system takes no more connections for it. */
import { createServer, type AddressInfo } from 'node:net'

const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () =>
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`),
)
