import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { CONTROL_CHANNEL } from '@paxyo/contracts'
import { createInProcessBus } from '@paxyo/event-bus'
import { eventually, mintToken, TEST_JWT_SECRET } from '@paxyo/testkit'
import { SignJWT } from 'jose'
import { startGateway, type GatewayFixture } from '../gateway-fixture.ts'
import { holdReads } from '../held-database.ts'

// Except in one test, no bus message announces these cutoffs: the gateway learns of them from the database alone.

let gateway: GatewayFixture
beforeEach(async () => {
  gateway = await startGateway()
})
afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
})

const REVOKED = { code: 4009, reason: 'token_revoked' }

/** Revokes the tokens that were issued before a time, like webhook-ingest. */
const revoke = (userId: string, before = `clock_timestamp()`) =>
  gateway.database.owner.query(
    `INSERT INTO connection_cutoffs (user_id, tokens_issued_before, set_at) VALUES ($1, ${before}, clock_timestamp())
     ON CONFLICT (user_id) DO UPDATE SET tokens_issued_before = excluded.tokens_issued_before, set_at = excluded.set_at`,
    [userId],
  )

/** Revokes one token, like webhook-ingest. */
const revokeToken = (jti: string, userId = 'user-1') =>
  gateway.database.owner.query(
    `INSERT INTO revoked_tokens (user_id, jti, expires_at, revoked_at)
     VALUES ($1, $2, now() + interval '1 hour', clock_timestamp())`,
    [userId, jti],
  )

const tokenWithId = (jti: string, userId = 'user-1'): Promise<string> =>
  new SignJWT({ jti })
    .setSubject(userId)
    .setAudience('paxyo')
    .setExpirationTime('5m')
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(TEST_JWT_SECRET))

const tokenIssued = (secondsAgo: number | undefined): Promise<string> => {
  const nowS = Math.floor(Date.now() / 1000)
  const token = new SignJWT()
    .setSubject('user-1')
    .setAudience('paxyo')
    .setExpirationTime(nowS + 300)
  if (secondsAgo !== undefined) token.setIssuedAt(nowS - secondsAgo)
  return token.setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(TEST_JWT_SECRET))
}

async function join(token: string) {
  const client = await gateway.connect('user-1', { token })
  await client.next('welcome')
  return client
}

describe('revoked tokens', () => {
  test('their connections are closed, and no others', async () => {
    const revoked = await join(await tokenIssued(60))
    const withoutTime = await join(await tokenIssued(undefined))
    const newer = await join(await tokenIssued(0))
    const other = await gateway.connect('user-2')
    await other.next('welcome')

    await revoke('user-1', `now() - interval '30 seconds'`)
    expect(await revoked.closed()).toEqual(REVOKED)
    expect(await withoutTime.closed()).toEqual(REVOKED)
    expect([newer.socket.readyState, other.socket.readyState]).toEqual([newer.socket.OPEN, other.socket.OPEN])
  })

  test('cannot join, with and without a position, and receive nothing', async () => {
    await revoke('user-1', `now() - interval '30 seconds'`)
    const { epoch, seq } = await (await gateway.connect('user-1', { token: await tokenIssued(0) })).next('welcome')
    for (const resume of [undefined, { epoch, seq }]) {
      const client = await gateway.connect('user-1', {
        token: await tokenIssued(60),
        ...(resume === undefined ? {} : { resume }),
      })
      expect(await client.closed()).toEqual(REVOKED)
      expect(client.messages.map(({ type }) => type)).toEqual(['error'])
    }
  })

  test('a join that read the database before the revocation is closed all the same, before its welcome', async () => {
    const reads = await holdReads(gateway.database)
    const client = await gateway.connect('user-1', { token: await tokenIssued(60) })
    await eventually(() => reads.isReading())
    await revoke('user-1')

    expect(await client.closed()).toEqual(REVOKED)
    await reads.release()
    expect(client.messages.map(({ type }) => type)).toEqual(['error'])
  })

  test('do not replace a newer token on an open connection', async () => {
    await revoke('user-1', `now() - interval '30 seconds'`)
    const client = await join(await tokenIssued(0))
    client.send({ type: 'refresh', token: await tokenIssued(60) })

    expect(await client.next('error')).toMatchObject({ code: 'token_revoked', request: 'refresh' })
    client.send({ type: 'check' })
    await eventually(() => client.pings > 0)
  })
})

describe('one revoked token', () => {
  test('its connections are closed, and no others of the user', async () => {
    const revoked = [await join(await tokenWithId('a')), await join(await tokenWithId('a'))]
    const others = [await join(await tokenWithId('b')), await join(await mintToken('user-1'))]
    const namesake = await gateway.connect('user-2', { token: await tokenWithId('a', 'user-2') })
    await namesake.next('welcome')

    await revokeToken('a')
    for (const client of revoked) expect(await client.closed()).toEqual(REVOKED)
    for (const { socket } of [...others, namesake]) expect(socket.readyState).toBe(socket.OPEN)
  })

  test('cannot join, with and without a position, and receives nothing', async () => {
    const { epoch, seq } = await (await gateway.connect('user-1', { token: await tokenWithId('b') })).next('welcome')
    await revokeToken('a')
    for (const resume of [undefined, { epoch, seq }]) {
      const client = await gateway.connect('user-1', {
        token: await tokenWithId('a'),
        ...(resume === undefined ? {} : { resume }),
      })
      expect(await client.closed()).toEqual(REVOKED)
      expect(client.messages.map(({ type }) => type)).toEqual(['error'])
    }
  })

  test('a join that read the database before the revocation is closed all the same, before its welcome', async () => {
    const reads = await holdReads(gateway.database)
    const client = await gateway.connect('user-1', { token: await tokenWithId('a') })
    await eventually(() => reads.isReading())
    await revokeToken('a')

    expect(await client.closed()).toEqual(REVOKED)
    await reads.release()
    expect(client.messages.map(({ type }) => type)).toEqual(['error'])
  })

  test('does not replace another token on an open connection', async () => {
    await revokeToken('a')
    const client = await join(await tokenWithId('b'))
    client.send({ type: 'refresh', token: await tokenWithId('a') })

    expect(await client.next('error')).toMatchObject({ code: 'token_revoked', request: 'refresh' })
    client.send({ type: 'refresh', token: await tokenWithId('c') })
    client.send({ type: 'check' })
    await eventually(() => client.pings > 0)
    await revokeToken('b')
    await revokeToken('c')
    expect(await client.closed()).toEqual(REVOKED)
  })
})

test('a disconnect closes every connection of one user once, and the clients may return', async () => {
  const disconnect = () =>
    gateway.database.owner.query(
      `INSERT INTO connection_cutoffs (user_id, disconnected_at, set_at) VALUES ('user-1', clock_timestamp(), clock_timestamp())`,
    )
  const clients = await Promise.all([0, 60].map(async (age) => join(await tokenIssued(age))))
  const other = await gateway.connect('user-2', { token: await mintToken('user-2') })
  await other.next('welcome')
  await disconnect()
  for (const client of clients) expect(await client.closed()).toEqual({ code: 4010, reason: 'disconnected' })

  const returned = await join(await tokenIssued(60))
  // The watch reads the same row again, before it sees this later one.
  await gateway.database.owner.query(
    `INSERT INTO connection_cutoffs (user_id, disconnected_at, set_at) VALUES ('user-2', clock_timestamp(), clock_timestamp())`,
  )
  await other.closed()
  expect(returned.socket.readyState).toBe(returned.socket.OPEN)
})

test('an old message that is replayed on the bus closes no connection', async () => {
  const bus = createInProcessBus()
  await using ofBus = await startGateway({ bus })
  const [client, other] = [await ofBus.connect('user-1'), await ofBus.connect('user-2')]
  await Promise.all([client.next('welcome'), other.next('welcome')])
  const publisher = bus.connectPublisher()
  const send = (userId: string, ageMs: number) => {
    const disconnectedAt = new Date(Date.now() - ageMs).toISOString()
    const message = { type: 'cutoff', ingestId: 'i', requestId: 'r', userId, tokensIssuedBefore: null, disconnectedAt }
    return publisher.publish([{ channel: CONTROL_CHANNEL, payload: JSON.stringify(message) }])
  }
  await send('user-1', 400_000)
  await send('user-2', 60_000)

  expect(await other.closed()).toEqual({ code: 4010, reason: 'disconnected' })
  expect(client.socket.readyState).toBe(client.socket.OPEN)
  await publisher.close()
})

test('a gateway that could not read the database for a while misses no cutoff', async () => {
  const { owner } = gateway.database
  const client = await join(await tokenIssued(60))
  await owner.query(`ALTER TABLE connection_cutoffs RENAME TO away`)
  const { rows } = await owner.query<{ at: Date }>('SELECT clock_timestamp() AS at')
  await owner.query(`INSERT INTO away (user_id, tokens_issued_before, set_at) VALUES ('user-1', $1, $1)`, [rows[0]!.at])
  await owner.query(`ALTER TABLE away RENAME TO connection_cutoffs`)

  expect(await client.closed()).toEqual(REVOKED)
})
