/** A load generator that costs little: raw sockets, one request after the other on each, answers counted. */
import { connect } from 'node:net'

export interface Load {
  host: string
  port: number
  path: string
  body: Buffer
  connections: number
  milliseconds: number
}

/** Answers of that status per second. */
export async function requestsPerSecond(load: Load, status: number): Promise<number> {
  const started = Date.now()
  const until = started + load.milliseconds
  const counts = await Promise.all(Array.from({ length: load.connections }, () => oneConnection(load, status, until)))
  return counts.reduce((sum, count) => sum + count, 0) / ((Date.now() - started) / 1000)
}

function oneConnection({ host, port, path, body }: Load, status: number, until: number): Promise<number> {
  const head = `POST ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n\r\n`
  const request = Buffer.concat([Buffer.from(head), body])
  const wanted = `HTTP/1.1 ${status} `
  return new Promise((resolve, reject) => {
    let count = 0
    let received = ''
    const socket = connect({ host, port, noDelay: true }, () => socket.write(request))
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      received += chunk
      if (!isWhole(received)) return
      if (!received.startsWith(wanted)) return void socket.destroy(new Error(`answer ${received.slice(0, 300)}`))
      received = ''
      count++
      if (Date.now() >= until) socket.end()
      else socket.write(request)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(count))
  })
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /content-length: (\d+)/i.exec(text)?.[1]
  return length !== undefined && text.length >= end + 4 + Number(length)
}
