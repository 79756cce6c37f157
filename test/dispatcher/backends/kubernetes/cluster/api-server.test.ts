/** The calls to a cluster as they go over the wire, answered by a server of the test. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { ApiServer } from '../../../../../dispatcher/backends/kubernetes/cluster/api-server.js'
import { ClusterRefusal, ClusterUnreachable } from '../../../../../dispatcher/backends/kubernetes/cluster/cluster.js'
import { Connection } from '../../../../../dispatcher/backends/kubernetes/cluster/connection.js'

type Answer = { status?: number; body: unknown } | ((response: ServerResponse) => void)

describe('kubernetes: the API over the wire', () => {
  const requests: { line: string; headers: IncomingMessage['headers']; body: string }[] = []
  const sockets = new Set<Socket>()
  let answers: Answer[] = []
  let server: Server
  let api: ApiServer

  before(async () => {
    server = createServer((request, response) => void serve(request, response))
    server.on('connection', (socket) => sockets.add(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  beforeEach(() => {
    requests.length = 0
    answers = []
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const signIn = {
      getCurrentCluster: () => ({ server: url }),
      applyToHTTPSOptions: async (options: { headers?: object; agent?: unknown }) => {
        options.headers = { authorization: 'Bearer me' }
        options.agent = new Agent()
      },
    }
    api = new ApiServer(new Connection(signIn as never), 'plants')
  })
  afterEach(() => api.close())
  after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    requests.push({
      line: `${request.method} ${decodeURIComponent(request.url ?? '')}`,
      headers: request.headers,
      body,
    })
    const answer = answers.shift() ?? { status: 404, body: { message: 'not found' } }
    if (typeof answer === 'function') return answer(response)
    response.writeHead(answer.status ?? 200).end(JSON.stringify(answer.body))
  }

  const lines = () => requests.map(({ line }) => line)
  const watch = (onPod: (change: string, pod: { metadata: { name: string } }) => void, signal?: AbortSignal) =>
    api.watchPods({ selector: 'a=b', version: '7', signal: signal ?? new AbortController().signal, onPod })

  it('makes objects, signed in, over one connection', async () => {
    const before = sockets.size
    answers = [
      { status: 201, body: { metadata: { name: 'j', uid: 'u' } } },
      { status: 201, body: {} },
    ]
    assert.deepEqual(await api.createJob({ metadata: { name: 'j' } }), { name: 'j', uid: 'u' })
    await api.createSecret({ metadata: { name: 's' } })
    assert.deepEqual(lines(), ['POST /apis/batch/v1/namespaces/plants/jobs', 'POST /api/v1/namespaces/plants/secrets'])
    assert.equal(requests[0]!.headers.authorization, 'Bearer me')
    assert.equal(requests[0]!.headers['content-type'], 'application/json')
    assert.deepEqual(JSON.parse(requests[1]!.body), { metadata: { name: 's' } })
    assert.deepEqual([sockets.size - before, api.calls], [1, 2])
  })

  it('reads lists page by page', async () => {
    const page = (name: string, more?: string) => ({
      body: {
        metadata: { resourceVersion: '9', ...(more ? { continue: more } : {}) },
        items: [{ metadata: { name } }],
      },
    })
    answers = [page('a', 'next'), page('b')]
    const { pods, version } = await api.listPods('a=b')
    assert.deepEqual([pods.map(({ metadata }) => metadata.name), version], [['a', 'b'], '9'])
    assert.deepEqual(lines(), [
      'GET /api/v1/namespaces/plants/pods?labelSelector=a=b&limit=500',
      'GET /api/v1/namespaces/plants/pods?labelSelector=a=b&limit=500&continue=next',
    ])
  })

  it('removes a Job with its pods, and does not mind when it is gone', async () => {
    answers = [{ body: {} }, { status: 404, body: { reason: 'NotFound', message: 'jobs "j" not found' } }]
    await api.deleteJob('j')
    await api.deleteJob('j')
    assert.deepEqual(JSON.parse(requests[0]!.body), { propagationPolicy: 'Background' })
  })

  it('asks for no removal of a Job without a name, whose path is that of all Jobs', async () => {
    await assert.rejects(api.deleteJob(''), /has no name/)
    assert.deepEqual(requests, [])
  })

  it('reads the lease of a node, and does without where it may not or there is none', async () => {
    const lease = { spec: { renewTime: '2026-08-01T00:00:00.000000Z', leaseDurationSeconds: 40 } }
    answers = [{ body: lease }, { status: 403, body: {} }, { status: 404, body: {} }, { status: 500, body: {} }]
    const { signal } = new AbortController()
    assert.deepEqual(await api.leaseOf('n1', signal), lease)
    assert.equal(await api.leaseOf('n1', signal), undefined)
    assert.equal(await api.leaseOf('n1', signal), undefined)
    await assert.rejects(api.leaseOf('n1', signal), ClusterUnreachable)
    assert.equal(lines()[0], 'GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1')
  })

  it("passes a refusal on in the server's words", async () => {
    answers = [{ status: 403, body: { reason: 'Forbidden', message: 'exceeded quota: q' } }]
    await assert.rejects(api.createJob({}), (error) => {
      assert.ok(error instanceof ClusterRefusal)
      assert.deepEqual([error.status, error.reason, error.message], [403, 'Forbidden', 'exceeded quota: q'])
      return true
    })
  })

  it('takes 429, 500 and a connection that breaks for what may pass', async () => {
    answers = [
      { status: 429, body: { message: 'too many requests' } },
      { status: 503, body: 'etcd is away' },
      (response) => response.socket?.destroy(),
      (response) => {
        response.writeHead(200).write('{"half')
        setTimeout(() => response.socket?.destroy(), 5)
      },
    ]
    for (let count = 0; count < 4; count++) await assert.rejects(api.serverVersion(), ClusterUnreachable)
  })

  it('does without nodes where they may not be looked at', async () => {
    answers = [{ status: 403, body: { message: 'nodes is forbidden' } }]
    assert.equal(await api.listNodes(), undefined)
  })

  it('lists what others run out of the memory of the server, and does without where it may not', async () => {
    answers = [
      { body: { metadata: { resourceVersion: '9', continue: 'next' }, items: [{ metadata: { name: 'a' } }] } },
      { body: { metadata: { resourceVersion: '9' }, items: [{ metadata: { name: 'b' } }] } },
      { status: 403, body: { reason: 'Forbidden', message: 'pods is forbidden' } },
      { status: 500, body: {} },
    ]
    const pods = await api.listOtherPods('spillway/instance!=abc')
    assert.deepEqual(
      pods?.map(({ metadata }) => metadata.name),
      ['a', 'b'],
    )
    const first =
      'GET /api/v1/pods?labelSelector=spillway/instance!=abc&fieldSelector=spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed&limit=500'
    assert.deepEqual(lines(), [`${first}&resourceVersion=0`, `${first}&continue=next`])
    assert.equal(await api.listOtherPods('a!=b'), undefined)
    await assert.rejects(api.listOtherPods('a!=b'), ClusterUnreachable)
  })

  it('asks for the events of one object', async () => {
    answers = [{ body: { metadata: {}, items: [{ reason: 'FailedCreate', metadata: {} }] } }]
    assert.equal((await api.eventsOf('Job', 'j'))[0]?.reason, 'FailedCreate')
    assert.match(lines()[0]!, /events\?fieldSelector=involvedObject.kind=Job,involvedObject.name=j&/)
  })

  it('hears a watch line by line, however it is cut, until the server ends it', async () => {
    const text = ['ADDED', 'BOOKMARK', 'MODIFIED', 'DELETED']
      .map((type, index) => `${JSON.stringify({ type, object: { metadata: { name: `blüte-${index}` } } })}\n`)
      .join('')
    answers = [
      (response) => {
        const bytes = Buffer.from(text)
        for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7))
        response.end()
      },
    ]
    const heard: string[] = []
    await watch((change, pod) => heard.push(`${change} ${pod.metadata.name}`))
    assert.deepEqual(heard, ['ADDED blüte-0', 'MODIFIED blüte-2', 'DELETED blüte-3'])
    assert.match(
      lines()[0]!,
      /watch=true&labelSelector=a=b&resourceVersion=7&timeoutSeconds=290&allowWatchBookmarks=true/,
    )
  })

  it('hears of a version that is too old, at once or later', async () => {
    const gone = { code: 410, reason: 'Expired', message: 'too old' }
    answers = [
      { status: 410, body: gone },
      (response) => response.end(`${JSON.stringify({ type: 'ERROR', object: gone })}\n`),
    ]
    for (let count = 0; count < 2; count++)
      await assert.rejects(
        watch(() => {}),
        { status: 410 },
      )
  })

  it('lets go of a watch when it is told to', async () => {
    const closing = new AbortController()
    answers = [
      (response) => {
        response.writeHead(200).flushHeaders()
        setTimeout(() => closing.abort(), 5)
      },
    ]
    await assert.rejects(watch(() => {}, closing.signal))
  })
})
