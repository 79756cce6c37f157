/** What often stands before a registry: a server that passes calls on, but refuses large bodies. */
import { once } from 'node:events'
import { createServer, request as call } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Proxy {
  host: string
  /** Bodies that it refused. */
  refused(): number
  close(): Promise<void>
}

export async function smallBodiesProxy(target: string, bytesMax: number): Promise<Proxy> {
  let refused = 0
  const server = createServer((request, response) => {
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
      refused++
      response.writeHead(413, { connection: 'close' }).end('<html>413 Request Entity Too Large</html>')
      return
    }
    const { method = 'GET', url = '/', headers } = request
    const onward = call(`http://${target}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused: () => refused,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
