import { afterEach, expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { runScript, type Script } from './child-process.ts'

let service: Script
afterEach(async () => {
  service.kill('SIGKILL')
  await service.exitCode()
})

/** Runs a service whose start and close are the given statements. */
function run({ start = '', close = '' }: { start?: string; close?: string }): void {
  service = runScript(`
    import { ConfigError, runService, StartError } from 'service-kit'
    import { setTimeout as sleep } from 'node:timers/promises'
    // This keeps the process alive, like an open port.
    const port = setInterval(() => undefined, 1_000)
    await runService(async (resources) => {
      console.log('starting')
      resources.defer(() => console.log('released'))
      ${start}
      resources.defer(async () => {
        console.log('closing')
        ${close}
        console.log('closed')
      })
      console.log('started')
    })`)
}

const says = (word: string): Promise<boolean> => eventually(() => service.stdout().split('\n').includes(word))

test.each(['SIGTERM', 'SIGINT'] as const)('%s closes it, and it ends in success', async (signal) => {
  run({ close: 'await sleep(50)' })
  await says('started')
  service.kill(signal)

  expect(await service.exitCode()).toBe(0)
  expect(service.stdout()).toBe('starting\nstarted\nclosing\nclosed\nreleased\n')
  expect(service.stderr()).toBe('')
})

test('a second signal ends it at once', async () => {
  run({ close: 'await sleep(20_000)' })
  await says('started')
  service.kill('SIGTERM')
  await says('closing')
  service.kill('SIGTERM')

  expect(await service.exitCode()).toBe(1)
  expect(service.stdout()).not.toMatch('closed')
  expect(service.stderr()).toMatch('second SIGTERM, exiting')
})

test('a signal while it starts closes it once it has', async () => {
  run({ start: 'await sleep(300)' })
  await says('starting')
  service.kill('SIGTERM')

  expect(await service.exitCode()).toBe(0)
  expect(service.stdout()).toBe('starting\nstarted\nclosing\nclosed\nreleased\n')
})

test('a wrong configuration ends it with one line per problem', async () => {
  run({ start: `throw new ConfigError(['PORT: must be a whole number', 'REDIS_URL: is required'])` })

  expect(await service.exitCode()).toBe(1)
  expect(service.stderr()).toBe(
    'The configuration is wrong:\n  - PORT: must be a whole number\n  - REDIS_URL: is required\n',
  )
  expect(service.stdout()).toBe('starting\nreleased\n')
})

test('a start that fails ends it with what went wrong', async () => {
  run({ start: `throw new Error('the port is taken')` })

  expect(await service.exitCode()).toBe(1)
  expect(service.stderr()).toMatch(/^Error: the port is taken\n +at /)
  expect(service.stdout()).toBe('starting\nreleased\n')
})

test('a start that fails says so also when what it has made cannot be released', async () => {
  run({
    start: `
      resources.defer(() => { throw new Error('the pool is stuck') })
      throw new StartError('the port is taken')`,
  })
  expect(await service.exitCode()).toBe(1)
  expect(service.stderr()).toMatch(/^Cannot start: the port is taken\nError: the pool is stuck\n +at /)
  expect(service.stdout()).toBe('starting\nreleased\n')
})

test('a signal during a start that fails changes nothing about that', async () => {
  run({ start: `await sleep(300); throw new StartError('the port is taken')` })
  await says('starting')
  service.kill('SIGTERM')

  expect(await service.exitCode()).toBe(1)
  expect(service.stderr()).toBe('Cannot start: the port is taken\n')
  expect(service.stdout()).toBe('starting\nreleased\n')
})

test('closing that takes too long ends it in failure', async () => {
  run({ start: `resources.defer(() => sleep(600_000))\nreturn { closeTimeoutMs: 50 }` })
  await says('starting')
  service.kill('SIGTERM')

  expect(await service.exitCode()).toBe(1)
  expect(service.stderr()).toBe('shutdown timed out\n')
})

test('a bug that nobody caught closes it, and it ends in failure', async () => {
  run({ start: `setTimeout(() => { throw new Error('a bug') }, 50)` })

  expect(await service.exitCode()).toBe(1)
  expect(service.stdout()).toBe('starting\nstarted\nclosing\nclosed\nreleased\n')
  expect(service.stderr()).toMatch(/^Error: a bug\n +at /)
})

test('a promise that nobody awaited is such a bug', async () => {
  run({ start: `void sleep(50).then(() => { throw new Error('a bug') })` })

  expect(await service.exitCode()).toBe(1)
  expect(service.stdout()).toMatch(/closed\nreleased\n$/)
  expect(service.stderr()).toMatch(/^Error: a bug\n/)
})

test('a close that fails ends it in failure', async () => {
  run({ close: `throw new Error('the pool is stuck')` })
  await says('started')
  service.kill('SIGTERM')

  expect(await service.exitCode()).toBe(1)
  expect(service.stderr()).toMatch('the pool is stuck')
  // The other resources are still released.
  expect(service.stdout()).toMatch(/released\n$/)
})

test('a start that fails by its surroundings is told without a stack', async () => {
  run({ start: `throw new StartError('another one runs: stop it first')` })
  expect(await service.exitCode()).toBe(1)
  expect(service.stderr()).toBe('Cannot start: another one runs: stop it first\n')
})

test('a port that is taken is told with what to do', async () => {
  await using taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  run({
    start: `
      const { createServer } = await import('node:net')
      await new Promise((resolve, reject) => createServer().on('error', reject).listen(${port}, '127.0.0.1', resolve))`,
  })
  expect(await service.exitCode()).toBe(1)
  expect(service.stderr()).toMatch(
    /^Cannot start: port \d+ is taken: stop the process that listens there, or set PORT \(or METRICS_PORT\) to another number\n$/,
  )
})

test('a host with several addresses is told with each of them', async () => {
  run({
    start: `
      const errors = ['::1', '127.0.0.1'].map((address) => new Error('connect ECONNREFUSED ' + address))
      throw Object.assign(new AggregateError(errors), { code: 'ECONNREFUSED' })`,
  })
  expect(await service.exitCode()).toBe(1)
  expect(service.stderr()).toBe('Cannot start: connect ECONNREFUSED ::1, connect ECONNREFUSED 127.0.0.1\n')
})
