import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { problem } from '@paxyo/contracts'
import { eventually, freePort, provideProgram } from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { Agent, request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { startLocalHaproxy, type LocalHaproxy } from './local-haproxy.ts'

let haproxy: LocalHaproxy
let ca: string
/** Of the services, and of HAProxy itself. */
const ports = { demo: 0, ingest: 0, secondIngest: 0, gateway: 0, secondGateway: 0, plain: 0, secure: 0 }

beforeAll(async () => {
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort()
  const at = (port: number): string => `127.0.0.1:${port}`
  haproxy = await startLocalHaproxy({
    servers: {
      demo: [at(ports.demo)],
      ingest: [at(ports.ingest), at(ports.secondIngest)],
      gateway: [at(ports.gateway), at(ports.secondGateway)],
    },
  })
  ca = haproxy.ca
  Object.assign(ports, haproxy.ports)
})
afterAll(async () => await haproxy[Symbol.asyncDispose]())

interface HttpsResponse {
  readonly status: number
  readonly body: string
  readonly headers: NodeJS.Dict<string | string[]>
}

function get(
  path: string,
  headers: Record<string, string> = {},
  agent?: Agent,
  port = ports.secure,
): Promise<HttpsResponse> {
  return new Promise((resolve, reject) => {
    const options = {
      ca,
      ...(agent === undefined ? { headers: { connection: 'close', ...headers } } : { agent, headers }),
    }
    request(`https://localhost:${port}${path}`, options, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode!, body, headers: response.headers }))
    })
      .on('error', reject)
      .end()
  })
}

const WRONG = { authorization: 'Bearer wrong' }

/** Sends 15 times 10 requests with a wrong key, to one address after the other. @returns how many got each status. */
async function guessMany(paths: readonly string[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  for (let round = 0; round < 15; round += 1) {
    const path = paths[round % paths.length]!
    const responses = await Promise.all(Array.from({ length: 10 }, () => get(path, WRONG)))
    for (const { status } of responses) counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

/** Responds as a service would, with its name and the forwarded headers; with 503 when the request says that it is draining. */
async function serve(name: string, port: number): Promise<Server> {
  const server = createServer(({ url, headers }, response) => {
    if (headers.authorization === 'Bearer wrong') response.statusCode = 401
    if (headers['x-draining'] === name) response.statusCode = 503
    const forwarded = [headers['x-forwarded-for'], headers['x-forwarded-proto']].join(' ')
    response.end(url === '/readyz' ? 'ok' : `${name} ${forwarded}`)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const DEMO_PATHS = ['/', '/demo/token', '/demo/actions/burst']

test('the configuration before three PostgreSQL servers is valid, also while none of their names is known', () => {
  const file = fileURLToPath(new URL('../haproxy-postgres/haproxy.cfg', import.meta.url))
  const { status, stderr } = spawnSync(provideProgram(['haproxy'], 'haproxy'), ['-c', '-f', file], { encoding: 'utf8' })
  expect({ status, stderr }).toMatchObject({ status: 0 })
})

test('HAProxy has nothing to complain about but names that only Docker knows', () => {
  const warnings = haproxy
    .output()
    .split('\n')
    .filter((line) => /\[(?:ALERT|WARNING)\]/.test(line))
  expect(warnings.filter((line) => !/is (?:DOWN|going DOWN)|has no server available/.test(line))).toEqual([])
})

test('there is no way to the demo but while it runs', async () => {
  const statuses = (): Promise<number[]> => Promise.all(DEMO_PATHS.map(async (path) => (await get(path)).status))
  const waitFor = async (status: number): Promise<void> => {
    await eventually(async () => (await statuses()).every((actual) => actual === status)).catch(() => undefined)
    expect(await statuses()).toEqual(DEMO_PATHS.map(() => status))
  }

  await waitFor(404)
  const demo = await serve('demo', ports.demo)
  await waitFor(200)
  demo.closeAllConnections()
  demo.close()
  await waitFor(404)
})

test('what a client says of itself is not believed, and nothing inside can be reached from outside', async () => {
  const ingest = await serve('ingest', ports.ingest)
  try {
    await eventually(async () => (await get('/v1/orders')).status === 200)
    const lies = { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'http', forwarded: 'for=10.0.0.1' }
    expect((await get('/v1/orders', lies)).body).toBe('ingest 127.0.0.1 https')
    for (const path of ['/console', '/console/api/session']) expect((await get(path, lies)).body).toMatch(/^ingest /)
    for (const path of ['/readyz', '/livez', '/metrics', '/v1', '/v2/orders', '/webhooks']) {
      expect({ path, status: (await get(path)).status }).toEqual({ path, status: 404 })
    }
  } finally {
    ingest.closeAllConnections()
    ingest.close()
  }
})

test('plain HTTP is sent on to HTTPS', async () => {
  const response = await fetch(`http://127.0.0.1:${ports.plain}/docs?a=1`, { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([308, 'https://127.0.0.1:443/docs?a=1'])
})

test('an ACME challenge is answered with the thumbprint of the account, and anything like it is sent on', async () => {
  const challenge = (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${ports.plain}/.well-known/acme-challenge/${path}`, { redirect: 'manual' })
  const response = await challenge('a_token-1')
  expect([response.status, await response.text()]).toEqual([200, 'a_token-1.the_account-s'])
  for (const path of ['', 'a/b', 'a%22b', '%0d%0a']) expect((await challenge(path)).status).toBe(308)
})

test('an address that only fails is turned away, with the error of the services, and reads what needs no key', async () => {
  const ingest = await serve('ingest', ports.ingest)
  try {
    await haproxy.restart()
    await eventually(async () => (await get('/docs')).status === 200)
    const counts = await guessMany(['/v1/orders', '/console/api/sign-in', '/console/api/sign-in/passkey'])
    expect(counts[401]).toBeGreaterThanOrEqual(100)
    expect(counts[401]! + counts[429]!).toBe(150)

    const response = await get('/webhooks/godofpanel/wrong', WRONG)
    expect(response.headers).toMatchObject({ 'retry-after': '60', 'content-type': 'application/problem+json' })
    expect(JSON.parse(response.body)).toEqual(problem('authentication_throttled'))
    expect((await get('/docs')).status).toBe(200)
  } finally {
    ingest.closeAllConnections()
    ingest.close()
  }
})

test('an address whose requests succeed, too, is left to the services', async () => {
  const ingest = await serve('ingest', ports.ingest)
  try {
    await haproxy.restart()
    await eventually(async () => (await get('/v1/orders')).status === 200)
    expect(await guessMany(['/v1/orders'])).toEqual({ 401: 150 })
    expect((await get('/v1/orders')).status).toBe(200)
  } finally {
    ingest.closeAllConnections()
    ingest.close()
  }
})

test('an address that sends very much has one replica of a service, until that one drains or ends', async () => {
  const services = [await serve('first', ports.ingest), await serve('second', ports.secondIngest)]
  const agents = ['127.0.0.1', '127.0.0.2'].map(
    (localAddress) => new Agent({ ca, keepAlive: true, maxSockets: 50, localAddress }),
  )
  const servedBy = async (agent: Agent): Promise<string> => (await get('/v1/orders', {}, agent)).body.split(' ')[0]!
  const servers = async (agent: Agent, count: number): Promise<Set<string>> => {
    const names = new Set<string>()
    for (let requests = 0; requests < count; requests += 1) names.add(await servedBy(agent))
    return names
  }
  const [much, little] = agents as [Agent, Agent]
  try {
    await haproxy.restart()
    await eventually(async () => (await servers(little, 4)).size === 2)
    expect(await servers(much, 4)).toEqual(new Set(['first', 'second']))

    // More than five hundred in ten seconds, however slow the machine is: the rate is that of the last ten seconds.
    await eventually(async () => {
      await Promise.all(Array.from({ length: 300 }, () => servedBy(much)))
      return (await servers(much, 20)).size === 1
    })
    expect(await servers(much, 20)).toEqual(new Set(['second']))
    expect(await servers(little, 4)).toEqual(new Set(['first', 'second']))

    const whileItDrains = await get('/v1/orders', { 'x-draining': 'second' }, much)
    expect([whileItDrains.status, whileItDrains.body]).toEqual([200, expect.stringMatching(/^first /)])
    services[1]!.closeAllConnections()
    services[1]!.close()
    await eventually(async () => (await servedBy(much)) === 'first')
  } finally {
    for (const agent of agents) agent.destroy()
    for (const service of services) {
      service.closeAllConnections()
      service.close()
    }
  }
})

test('an address with many connections has one gateway, and the others have both', async () => {
  const services = [await serve('first', ports.gateway), await serve('second', ports.secondGateway)]
  const [many, one] = ['127.0.0.1', '127.0.0.2'].map((localAddress) => new Agent({ ca, localAddress })) as [
    Agent,
    Agent,
  ]
  const servers = async (agent: Agent): Promise<Set<string>> => {
    const names = new Set<string>()
    for (let requests = 0; requests < 10; requests += 1) {
      names.add((await get('/ws', {}, agent)).body.split(' ')[0]!)
    }
    return names
  }
  const held: TLSSocket[] = []
  try {
    await haproxy.restart()
    await eventually(async () => (await servers(many)).size === 2)
    for (let connections = 0; connections < 150; connections += 1) {
      const socket = connectTls({
        socket: connect({ port: ports.secure, host: '127.0.0.1', localAddress: '127.0.0.1' }),
        ca,
        servername: 'localhost',
      })
      held.push(socket)
      await once(socket, 'secureConnect')
    }
    expect(await servers(many)).toEqual(new Set(['second']))
    expect(await servers(one)).toEqual(new Set(['first', 'second']))
  } finally {
    for (const socket of held) socket.destroy()
    for (const service of services) {
      service.closeAllConnections()
      service.close()
    }
  }
})

test('a service that takes a second for its own checks is busy, not down', async () => {
  let checks = 0
  const ingest = createServer(({ url }, response) => {
    if (url !== '/readyz') return void response.end('busy')
    checks += 1
    setTimeout(() => response.end(), 1_500)
  })
  ingest.listen(ports.ingest, '127.0.0.1')
  try {
    await haproxy.restart()
    await eventually(() => checks > 3)
    expect(await get('/v1/orders')).toMatchObject({ status: 200, body: 'busy' })
  } finally {
    ingest.closeAllConnections()
    ingest.close()
  }
})

test('a body that arrives slowly waits in HAProxy', async () => {
  const bodies: string[] = []
  const ingest = createServer((message, response) => {
    if (message.method === 'GET') return void response.end()
    bodies.push('')
    message.on('data', (chunk: Buffer) => (bodies[0]! += chunk.toString())).on('end', () => response.end('received'))
  })
  ingest.listen(ports.ingest, '127.0.0.1')
  try {
    await haproxy.restart()
    await eventually(async () => (await get('/v1/orders')).status === 200)
    const socket = connectTls({ port: ports.secure, host: '127.0.0.1', ca, servername: 'localhost' })
    socket.write('POST /webhooks/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nConnection: close\r\n\r\n12345')
    // HAProxy has read it by the time in which it forwards a few others.
    for (let requests = 0; requests < 5; requests += 1) await get('/v1/orders')
    expect(bodies).toEqual([])
    socket.write('67890')
    expect(await text(socket)).toMatch(/received$/)
    expect(bodies).toEqual(['1234567890'])
  } finally {
    ingest.closeAllConnections()
    ingest.close()
  }
})

test('the connection to a service is kept, however many WebSockets there are', async () => {
  const connections = new Set<Socket>()
  const ingest = createServer(({ url, socket }, response) => {
    if (url !== '/readyz') connections.add(socket)
    response.end()
  })
  ingest.listen(ports.ingest, '127.0.0.1')
  await using small = await startLocalHaproxy({
    servers: { ingest: [`127.0.0.1:${ports.ingest}`] },
    edit: (config) => config.replace(/fd-hard-limit \d+/, 'fd-hard-limit 400\n  nbthread 1'),
  })
  const agent = new Agent({ ca: small.ca, keepAlive: true, maxSockets: 1 })
  const read = (): Promise<HttpsResponse> => get('/v1/orders', {}, agent, small.ports.secure)
  const idle = Array.from({ length: 150 }, () => connect(small.ports.secure, '127.0.0.1').resume())
  try {
    await Promise.all(idle.map((socket) => once(socket, 'connect')))
    await eventually(async () => (await read()).status === 200)
    connections.clear()
    for (let requests = 0; requests < 20; requests += 1) expect((await read()).status).toBe(200)
    expect(connections.size).toBeLessThanOrEqual(2)
    // They were there all the time.
    expect(idle.filter(({ readableEnded }) => readableEnded)).toEqual([])
  } finally {
    agent.destroy()
    for (const socket of idle) socket.destroy()
    ingest.closeAllConnections()
    ingest.close()
  }
})

test('behind a load balancer, a client has the address that the PROXY protocol tells, and none without it', async () => {
  const ingest = await serve('ingest', ports.ingest)
  const header = 'PROXY TCP4 203.0.113.9 127.0.0.1 50000 443\r\n'
  const getBehindProxy = async (port: number, preface: string): Promise<string> => {
    const plain = connect(port, '127.0.0.1').on('error', () => undefined)
    plain.write(preface)
    const socket = port === ports.secure ? connectTls({ socket: plain, ca, servername: 'localhost' }) : plain
    socket.on('error', () => undefined)
    socket.write('GET /v1/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    return text(socket).catch(() => '')
  }
  try {
    await haproxy.restart({ PROXY_PROTOCOL: 'on' })
    await eventually(async () => (await getBehindProxy(ports.secure, header)).endsWith('ingest 203.0.113.9 https'))
    expect(await getBehindProxy(ports.plain, header)).toMatch(/^HTTP\/1.1 308 /)
    expect([await getBehindProxy(ports.secure, ''), await getBehindProxy(ports.plain, '')]).toEqual(['', ''])
  } finally {
    ingest.closeAllConnections()
    ingest.close()
    await haproxy.restart()
  }
})
