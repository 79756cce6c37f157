/** Connections that are kept. Each reads into one buffer of its own, larger than what Node.js would make for every read. */
import { Agent } from 'node:http'
import type * as Https from 'node:https'
import type { OnReadOpts, Socket } from 'node:net'

/** Bytes that a network gives at a time. */
const READ_BYTES = 256 * 1024

export const KEEP_ALIVE_MS = 15_000

const agentOptions = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxFreeSockets: 4 }
const plainAgent = withOneBuffer(new Agent(agentOptions))
/** By certificate authority. */
const secureAgents = new Map<string | undefined, Https.Agent>()

export const agentFor = (url: string, ca: string | undefined): Agent =>
  url.startsWith('https:') ? secureAgent(ca) : plainAgent

/** Where one connection has fallen silent, those that are kept to the same place may be dead as well: the next call dials anew. */
export function forgetKept({ url, ca }: { url: string; ca?: string }): void {
  const { hostname, port, protocol } = new URL(url)
  const place = `${hostname.replace(/^\[|\]$/g, '')}:${port || (protocol === 'https:' ? 443 : 80)}:`
  for (const [name, sockets = []] of Object.entries(agentFor(url, ca).freeSockets))
    if (name.startsWith(place)) for (const socket of sockets) socket.destroy()
}

function secureAgent(ca: string | undefined): Agent {
  const known = secureAgents.get(ca)
  if (known) return known
  // TLS is loaded only where it is used.
  const { Agent: SecureAgent } = require('node:https') as typeof Https
  const agent = withOneBuffer(new SecureAgent({ ...agentOptions, ...(ca === undefined ? {} : { ca }) }))
  secureAgents.set(ca, agent)
  return agent
}

function withOneBuffer<A extends Agent>(agent: A): A {
  const connect = agent.createConnection.bind(agent) as typeof agent.createConnection
  agent.createConnection = (options, callback) => {
    // https://nodejs.org/api/net.html#socketconnectoptions-connectlistener; the parser of HTTP copies what it passes on.
    const onread: OnReadOpts = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (bytes, buffer) => socket.emit('data', buffer.subarray(0, bytes)),
    }
    const socket = connect({ ...options, onread } as typeof options, callback) as Socket
    return socket
  }
  return agent
}
