import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { eventually, startChaosProxy, type ChaosProxy } from '@paxyo/testkit'
import { connect, createServer, type Server, type Socket } from 'node:net'

// An isolated machine in a fault injection: nothing passes, and no connection breaks.

let server: Server
let proxy: ChaosProxy
let clients: Socket[]
let accepted: number
beforeEach(async () => {
  clients = []
  accepted = 0
  server = createServer((socket) => {
    accepted += 1
    socket.on('error', () => undefined).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy = await startChaosProxy((server.address() as { port: number }).port)
})
afterEach(async () => {
  for (const client of clients) client.destroy()
  await proxy[Symbol.asyncDispose]()
  await new Promise((resolve) => server.close(resolve))
})

/** A connection to a server that returns what it gets. */
function open(name: string): { send: (text: string) => void; received: () => string } {
  const client = connect(proxy.port, '127.0.0.1')
  clients.push(client)
  let received = ''
  client.on('data', (chunk: Buffer) => (received += chunk.toString()))
  client.write(name)
  return { send: (text) => client.write(text), received: () => received }
}

test('what is held arrives after the release, complete and in order', async () => {
  const old = open('old:')
  await eventually(() => old.received() === 'old:')
  proxy.hold()
  const young = open('young:')
  for (const word of ['a', 'b', 'c']) {
    old.send(word)
    young.send(word)
  }
  // Long enough for the loopback network, if anything passed.
  await new Promise((resolve) => setImmediate(() => setTimeout(resolve, 100)))
  expect([old.received(), young.received()]).toEqual(['old:', ''])
  // A server that shuts down would wait for it.
  expect(accepted).toBe(1)
  proxy.release()
  await eventually(() => old.received() === 'old:abc' && young.received() === 'young:abc')
})

test('only the connections that are chosen by their first bytes are held', async () => {
  const [one, two] = [open('one:'), open('two:')]
  await eventually(() => one.received() === 'one:' && two.received() === 'two:')
  proxy.hold((opening) => opening.startsWith('one:'))
  one.send('x')
  two.send('y')
  await eventually(() => two.received() === 'two:y')
  expect(one.received()).toBe('one:')
  proxy.release()
  await eventually(() => one.received() === 'one:x')
})
