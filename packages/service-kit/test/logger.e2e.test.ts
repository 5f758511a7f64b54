import { expect, test } from '@jest/globals'
import { runScript } from './child-process.ts'

async function logLines(level: string, statements: string): Promise<Record<string, unknown>[]> {
  const script = runScript(`
    import { createLogger } from 'service-kit'
    const log = createLogger('a-service', '${level}')
    ${statements}`)
  expect([await script.exitCode(), script.stderr()]).toEqual([0, ''])
  return script
    .stdout()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('a line is JSON and says when, how grave, and which service', async () => {
  expect(await logLines('info', `log.info({ orderId: '1' }, 'committed'); log.debug('unseen')`)).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'a-service',
      orderId: '1',
      msg: 'committed',
    },
  ])
})

test('a level can be silent', async () => {
  expect(await logLines('silent', `log.fatal('unseen')`)).toEqual([])
})

test('no line shows a secret, by itself or one level deep', async () => {
  const names = ['authorization', 'cookie', 'token', 'tokens', 'secret', 'secrets', 'password', 'apiKey', 'url']
  const lines = await logLines(
    'info',
    `const secrets = Object.fromEntries(${JSON.stringify(names)}.map((name) => [name, 'hunter2']))
     log.info({ ...secrets, orderId: '1' }, 'flat')
     log.info({ config: { ...secrets, port: 1 } }, 'deep')
     log.info({ headers: secrets }, 'headers')
     log.info({ req: { method: 'GET', url: '/webhooks/hunter2', headers: { cookie: 'hunter2', host: 'h' } } }, 'request')
     log.child({ token: 'hunter2' }).info('child')
     log.error({ err: Object.assign(new Error('rejected'), { password: 'hunter2' }) }, 'error')`,
  )

  expect(JSON.stringify(lines)).not.toMatch(/hunter2/)
  expect(lines).toMatchObject([
    { msg: 'flat', orderId: '1', token: '[redacted]' },
    { msg: 'deep', config: { port: 1, password: '[redacted]' } },
    { msg: 'headers', headers: { cookie: '[redacted]' } },
    { msg: 'request', req: { method: 'GET', headers: { cookie: '[redacted]', host: 'h' } } },
    { msg: 'child', token: '[redacted]' },
    { msg: 'error', err: { message: 'rejected', password: '[redacted]' } },
  ])
})

test('no line shows what a Redis command was given: a password, or what was to be published', async () => {
  const lines = await logLines(
    'info',
    `const rejected = Object.assign(new Error('WRONGPASS'), { command: { name: 'hello', args: ['3', 'AUTH', 'hunter2'] } })
     log.warn({ err: rejected }, 'one server')
     log.warn({ err: Object.assign(new Error('no node responds'), { lastNodeError: rejected }) }, 'a cluster')`,
  )

  expect(JSON.stringify(lines)).not.toMatch(/hunter2/)
  expect(lines).toMatchObject([
    { err: { message: 'WRONGPASS', command: { name: 'hello', args: '[redacted]' } } },
    { err: { message: 'no node responds', lastNodeError: { message: 'WRONGPASS', command: { name: 'hello' } } } },
  ])
})
