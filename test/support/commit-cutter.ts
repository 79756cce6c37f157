/** A way to a PostgreSQL server that breaks just when a COMMIT is on it: before the server hears of it, or before its answer comes back. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A simple query, as https://www.postgresql.org/docs/current/protocol-message-formats.html has it. */
const COMMIT = Buffer.from('COMMIT\0')

export type Cut = 'before-the-server' | 'before-the-answer'

export class CommitCutter {
  /** What happens to the next COMMIT; undefined = it goes through. */
  cut: Cut | undefined
  /** While true, nobody gets to the server. */
  isBroken = false
  /** Commits that were cut. */
  cuts = 0
  readonly #target: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((client) => this.#relay(client))
  }

  static async open(target: number): Promise<CommitCutter> {
    const cutter = new CommitCutter(target)
    await new Promise<void>((resolve) => cutter.#server.listen(0, '127.0.0.1', resolve))
    return cutter
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Ends all connections. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.breakAll()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #relay(client: Socket): void {
    if (this.isBroken) return void client.destroy()
    const server = connect(this.#target, '127.0.0.1')
    for (const socket of [client, server]) this.#keep(socket)
    client.on('data', (data: Buffer) => {
      if (this.cut && data.includes(COMMIT)) this.#cutOff(client, server, data)
      else server.write(data)
    })
    server.on('data', (data) => client.write(data))
    client.once('close', () => server.end())
    server.once('close', () => client.end())
  }

  /** The server hears COMMIT and nobody hears the server, or the other way round. */
  #cutOff(client: Socket, server: Socket, data: Buffer): void {
    this.cuts++
    if (this.cut === 'before-the-answer') server.write(data)
    this.cut = undefined
    client.destroy()
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
