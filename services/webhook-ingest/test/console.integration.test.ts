import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  changeOperator,
  createApiKey,
  createKysely,
  createOwnerLink,
  createPasswordLink,
  hashToken,
  inviteOperator,
  type Database,
  verifyAuditLog,
} from '@paxyo/database'
import { ALL_SCOPES, ROLE_SCOPES, type SecretsInUse } from '@paxyo/panel-client'
import { fingerprintOf } from '@paxyo/service-kit'
import type { LightMyRequestResponse } from 'fastify'
import type { Kysely } from 'kysely'
import { Secret, TOTP } from 'otpauth'
import { eventually } from '@paxyo/testkit'
import { API_KEY, anOrder, startIngest, TOKEN, type IngestFixture } from './ingest-fixture.ts'

// Operators sign in to the console, and the panel API accepts their sessions within their roles.

const BY = { actor: 'command line', actorName: 'a test', address: null }
const PASSWORD = 'correct horse battery'
const OWN = { 'x-paxyo-console': '1' }

let ingest: IngestFixture
let db: Kysely<Database>
beforeAll(async () => {
  ingest = await startIngest(undefined, { hasConsole: true })
  db = createKysely(ingest.database.owner)
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH'
  readonly cookie?: string | undefined
  readonly headers?: Record<string, string>
  readonly address?: string
}

/** A request as a browser on this machine sends it; from the console's page unless the headers say otherwise. */
const send = (url: string, payload?: object, { method, cookie, headers = OWN, address }: Request = {}) =>
  ingest.app.inject({
    method: method ?? (payload === undefined ? 'GET' : 'POST'),
    url,
    headers: { host: 'localhost:8080', ...headers, ...(cookie === undefined ? {} : { cookie }) },
    ...(payload === undefined ? {} : { payload }),
    remoteAddress: address ?? '127.0.0.1',
  })

const cookieOf = (response: LightMyRequestResponse): string => String(response.headers['set-cookie']).split(';')[0]!

async function acceptLink(link: string, body: object = {}): Promise<string> {
  const accepted = await send('/console/api/accept-link', { link, password: PASSWORD, ...body })
  if (accepted.statusCode !== 200) throw new Error(accepted.body)
  return cookieOf(accepted)
}

const createOwner = async (name: string): Promise<string> => acceptLink((await createOwnerLink(db, BY)).token, { name })

async function createOperator(name: string, role: 'viewer' | 'support', refundLimit: string | null = null) {
  const invited = await inviteOperator(db, { name, role, refundLimit }, BY)
  if (typeof invited === 'string') throw new Error(invited)
  return { operatorId: invited.operator.operatorId, cookie: await acceptLink(invited.link.token) }
}

const signIn = (name: string, body: object = {}, request: Request = {}) =>
  send('/console/api/sign-in', { name, password: PASSWORD, ...body }, request)

/** How many responses have each status. */
function countBy(responses: readonly LightMyRequestResponse[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { statusCode } of responses) counts[statusCode] = (counts[statusCode] ?? 0) + 1
  return counts
}

describe('a one-time link', () => {
  test('makes an owner, once, who is signed in then', async () => {
    const { token } = await createOwnerLink(db, BY)
    const accepted = await send('/console/api/accept-link', { link: token, name: 'Ann', password: PASSWORD })
    expect(accepted.statusCode).toBe(200)
    expect(accepted.headers['set-cookie']).toMatch(
      /^paxyo_console=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    )

    const session = await send('/console/api/session', undefined, { cookie: cookieOf(accepted) })
    expect(session.json()).toEqual({
      operator: { name: 'Ann', role: 'owner', refundLimit: null, hasTotp: false },
      scopes: ALL_SCOPES,
      environment: 'development',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    })
    const again = await send('/console/api/accept-link', { link: token, name: 'Eve', password: PASSWORD })
    expect([again.statusCode, again.json().code]).toEqual([410, 'link_invalid'])
  })

  test('is void after the next one, and when it has expired', async () => {
    const first = await createOwnerLink(db, BY)
    const second = await createOwnerLink(db, BY)
    await ingest.database.owner.query(`UPDATE operator_links SET expires_at = now() WHERE used_at IS NULL`)
    for (const { token } of [first, second]) {
      const response = await send('/console/api/accept-link', { link: token, name: 'Eve', password: PASSWORD })
      expect(response.json().code).toBe('link_invalid')
    }
  })

  test.each(['short', 'aaaaaaaaaaaaaaaa', 'Beatrice1234'])(
    'rejects the password %s, and can be used with a better one',
    async (password) => {
      const { token } = await createOwnerLink(db, BY)
      const weak = await send('/console/api/accept-link', { link: token, name: 'Beatrice', password })
      expect([weak.statusCode, weak.json().code]).toEqual([400, 'password_too_weak'])
    },
  )

  test('takes no name that another operator has', async () => {
    await createOwner('Carl')
    const { token } = await createOwnerLink(db, BY)
    const taken = await send('/console/api/accept-link', { link: token, name: 'CARL', password: PASSWORD })
    expect([taken.statusCode, taken.json().code]).toEqual([409, 'operator_exists'])
    const free = await send('/console/api/accept-link', { link: token, name: 'Carla', password: PASSWORD })
    expect(free.statusCode).toBe(200)
  })

  test('of two requests at the same time, one wins', async () => {
    const { token } = await createOwnerLink(db, BY)
    const responses = await Promise.all(
      ['Dora', 'Dana'].map((name) => send('/console/api/accept-link', { link: token, name, password: PASSWORD })),
    )
    expect(countBy(responses)).toEqual({ 200: 1, 410: 1 })
  })
})

describe('signing in', () => {
  beforeAll(() => createOwner('Emil'))

  test('needs the right name and password, and says no more than that', async () => {
    const wrong = await signIn('Emil', { password: 'wrong password!' })
    const unknown = await signIn('Stranger')
    expect(wrong.statusCode).toBe(401)
    expect(wrong.json()).toEqual(unknown.json())
    expect(wrong.headers['set-cookie']).toBeUndefined()
    expect((await signIn(' eMIL ')).statusCode).toBe(200)
  })

  test('is stored as Argon2id, and the session as a hash', async () => {
    const cookie = cookieOf(await signIn('Emil'))
    const { rows } = await ingest.database.owner.query(
      `SELECT row_to_json(o)::text || row_to_json(s)::text AS text, password_hash FROM operators o JOIN operator_sessions s USING (operator_id)`,
    )
    expect(rows[0].password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    for (const { text } of rows) {
      expect(text).not.toContain(PASSWORD)
      expect(text).not.toContain(cookie.split('=')[1]!)
    }
  })

  test('gets a cookie for TLS only, behind a proxy', async () => {
    const relayed = { ...OWN, host: 'panel.example', 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' }
    const response = await signIn('Emil', {}, { headers: relayed })
    expect(response.headers['set-cookie']).toMatch(/^__Host-paxyo_console=[\w-]{43}; .*; Secure; SameSite=Strict$/)
    const plain = await signIn('Emil', {}, { headers: { ...OWN, host: 'panel.example' }, address: '203.0.113.7' })
    expect([plain.statusCode, plain.json().code]).toEqual([403, 'https_required'])
  })

  test('an address that guesses must wait, also with the right password, and others need not', async () => {
    const address = '127.9.9.9'
    const statuses: number[] = []
    for (let guess = 0; guess < 25; guess += 1) {
      statuses.push((await signIn('Emil', { password: `guess ${guess}` }, { address })).statusCode)
    }
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401))
    expect(statuses.at(-1)).toBe(429)
    const right = await signIn('Emil', {}, { address })
    expect([right.statusCode, right.json().code]).toEqual([429, 'authentication_throttled'])
    expect(Number(right.headers['retry-after'])).toBeGreaterThan(0)
    expect((await signIn('Emil')).statusCode).toBe(200)
  })

  test('behind a proxy that is not trusted, guesses count for the address of the proxy', async () => {
    const address = '10.9.9.9'
    const relayed = { ...OWN, host: 'panel.example', 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' }
    const guess = (count: number) => signIn(`Stranger ${count}`, { password: 'a guess' }, { address, headers: relayed })
    const statuses: number[] = []
    while (statuses.at(-1) !== 429 && statuses.length < 200) statuses.push((await guess(statuses.length)).statusCode)
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
  })

  test('guesses from many addresses count for the name, however it is spelled', async () => {
    await createOwner('Gustav')
    const statuses: number[] = []
    while (statuses.at(-1) !== 429 && statuses.length < 200) {
      const name = statuses.length % 2 === 0 ? 'Gustav' : 'GUSTAV'
      const address = `127.8.0.${statuses.length}`
      statuses.push((await signIn(name, { password: 'a guess' }, { address })).statusCode)
    }
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
    const right = await signIn('gustav')
    expect([right.statusCode, right.json().code]).toEqual([429, 'authentication_throttled'])
    expect((await signIn('Emil')).statusCode).toBe(200)
  })

  test('ends with signing out: that session, or all of them', async () => {
    const [one, two, three] = [await signIn('Emil'), await signIn('Emil'), await signIn('Emil')].map(cookieOf)
    const statusOf = async (cookie: string | undefined) => (await send('/v1/orders', undefined, { cookie })).statusCode
    expect(await statusOf(one)).toBe(200)
    const out = await send('/console/api/sign-out', {}, { cookie: one })
    expect(out.headers['set-cookie']).toMatch(/Max-Age=0/)
    expect([await statusOf(one), await statusOf(two)]).toEqual([401, 200])
    await send('/console/api/sign-out-everywhere', {}, { cookie: two })
    expect([await statusOf(two), await statusOf(three)]).toEqual([401, 401])
  })

  test('ends after 12 hours', async () => {
    const cookie = cookieOf(await signIn('Emil'))
    await ingest.database.owner.query(`UPDATE operator_sessions SET expires_at = now()`)
    expect((await send('/console/api/session', undefined, { cookie })).statusCode).toBe(401)
  })
})

describe('one-time codes', () => {
  let secret: string
  let uri: string
  const statuses: number[] = []
  const codeAt = (shiftS: number): string =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + shiftS * 1_000 })

  beforeAll(async () => {
    const cookie = await createOwner('Fay')
    const guessed = await send('/console/api/totp', { password: 'a guess' }, { cookie })
    statuses.push(guessed.statusCode)
    const begun = await send('/console/api/totp', { password: PASSWORD }, { cookie })
    secret = begun.json().secret
    uri = begun.json().uri
    statuses.push((await signIn('Fay')).statusCode)
    for (const code of ['000000', codeAt(-30)]) {
      statuses.push((await send('/console/api/totp/check', { code }, { cookie })).statusCode)
    }
  })

  test('are set up with the password and a first code, and not needed before', () => {
    expect(uri).toMatch(/^otpauth:\/\/totp\/Paxyo:Fay\?/)
    expect(statuses).toEqual([401, 200, 401, 200])
  })

  test('are needed from then on, and each is accepted once', async () => {
    const missing = await signIn('Fay')
    expect([missing.statusCode, missing.json().code]).toEqual([401, 'code_required'])
    const code = codeAt(0)
    const responses = await Promise.all([signIn('Fay', { code }), signIn('Fay', { code })])
    expect(countBy(responses)).toEqual({ 200: 1, 401: 1 })
    expect((await signIn('Fay', { code })).json().code).toBe('sign_in_failed')
  })

  test('are asked for only after the right password', async () => {
    expect((await signIn('Fay', { password: 'wrong password!' })).json().code).toBe('sign_in_failed')
  })

  test('wrong codes and passwords of a session are in the audit log, and limited', async () => {
    const { operatorId, cookie } = await createOperator('Hugo', 'viewer')
    await send('/console/api/totp', { password: PASSWORD }, { cookie })
    const address = '127.7.7.7'
    const checked: number[] = []
    while (checked.at(-1) !== 429 && checked.length < 200) {
      checked.push((await send('/console/api/totp/check', { code: '000000' }, { cookie, address })).statusCode)
    }
    expect([checked[0], checked.at(-1)]).toEqual([401, 429])
    expect((await send('/console/api/totp/off', { password: 'a guess' }, { cookie, address })).statusCode).toBe(429)
    const { rows } = await ingest.database.owner.query(
      `SELECT action, count(*)::int FROM audit_log WHERE actor = $1 AND result <> 'ok' GROUP BY action`,
      [operatorId],
    )
    expect(rows).toEqual([{ action: 'setUpCodes', count: checked.length - 1 }])

    const { operatorId: other, cookie: otherCookie } = await createOperator('Ida', 'viewer')
    const off = await send('/console/api/totp/off', { password: 'a guess' }, { cookie: otherCookie })
    expect(off.json().code).toBe('sign_in_failed')
    const failed = await ingest.database.owner.query(
      `SELECT result FROM audit_log WHERE actor = $1 AND action = 'switchCodesOff'`,
      [other],
    )
    expect(failed.rows).toEqual([{ result: 'sign_in_failed' }])
  })

  test('go away with a new password, for an operator who has lost the phone', async () => {
    const { rows } = await ingest.database.owner.query(`SELECT operator_id FROM operators WHERE name = 'Fay'`)
    const link = await createPasswordLink(db, rows[0].operator_id, BY)
    await acceptLink(typeof link === 'string' ? link : link.token, { password: 'a new password, longer' })
    expect((await signIn('Fay', { password: 'a new password, longer' })).statusCode).toBe(200)
  })
})

describe('a single sign-on proxy', () => {
  const relayed = { ...OWN, 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' }
  const as = (name: string, { address = '10.77.0.1', cookie }: Pick<Request, 'address' | 'cookie'> = {}): Request => ({
    headers: { ...relayed, 'x-forwarded-user': name },
    address,
    cookie,
  })

  test('signs in an operator by name, with the role, also one who never chose a password', async () => {
    await inviteOperator(db, { name: 'Paula Süß', role: 'viewer', refundLimit: null }, BY)
    const header = Buffer.from('paula süß').toString('latin1')
    const named = await send('/console/api/sign-in', undefined, as(header))
    expect(named.json()).toEqual({ proxyUser: { name: 'paula süß', isOperator: true }, hasPasskeys: false })
    const started = await send('/console/api/sign-in/proxy', {}, as(header))
    expect([started.statusCode, started.headers['set-cookie']]).toEqual([
      200,
      expect.stringMatching(/^__Host-paxyo_console=[\w-]{43}; .*HttpOnly; Secure; SameSite=Strict$/),
    ])
    const cookie = cookieOf(started)
    const session = await send('/console/api/session', undefined, as(header, { cookie }))
    expect(session.json().operator).toMatchObject({ name: 'Paula Süß', role: 'viewer' })
    expect((await send('/v1/keys', undefined, as(header, { cookie }))).statusCode).toBe(403)
    const { rows } = await ingest.database.owner.query(
      `SELECT actor_name, after FROM audit_log WHERE action = 'signIn' ORDER BY position DESC LIMIT 1`,
    )
    expect(rows).toEqual([{ actor_name: 'Paula Süß', after: { method: 'proxy' } }])

    // The cookie of one person is not a session of another.
    expect((await send('/console/api/session', undefined, as('Quentin', { cookie }))).statusCode).toBe(401)
    expect((await send('/v1/orders', undefined, as('Quentin', { cookie }))).statusCode).toBe(401)
    const forged = {
      ...as(header, { cookie }),
      headers: { ...relayed, 'x-paxyo-console': '', 'x-forwarded-user': header },
    }
    expect((await send('/console/api/sign-in/proxy', {}, forged)).json().code).toBe('cross_site_request')
  })

  test('a person who is no operator gets no session and is named', async () => {
    expect((await send('/console/api/sign-in', undefined, as('Thea Proxy'))).json()).toEqual({
      proxyUser: { name: 'Thea Proxy', isOperator: false },
      hasPasskeys: false,
    })
    const rejected = await send('/console/api/sign-in/proxy', {}, as('Thea Proxy'))
    expect([rejected.statusCode, rejected.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'not_an_operator', detail: 'an owner must invite Thea Proxy first' }),
    ])
    expect(rejected.headers['set-cookie']).toBeUndefined()
    const invited = await inviteOperator(db, { name: 'Thea Proxy', role: 'viewer', refundLimit: null }, BY)
    await changeOperator(db, typeof invited === 'string' ? '' : invited.operator.operatorId, { isDisabled: true }, BY)
    expect((await send('/console/api/sign-in/proxy', {}, as('Thea Proxy'))).statusCode).toBe(403)
  })

  test('from any other address the header is ignored, counted and logged, whatever X-Forwarded-For says', async () => {
    await createOwner('Sven')
    for (const address of ['10.78.0.1', '127.0.0.1']) {
      const request = { ...as('Sven', { address }), headers: { ...as('Sven').headers, 'x-forwarded-for': '10.77.0.1' } }
      expect((await send('/console/api/sign-in', undefined, request)).json()).toEqual({
        proxyUser: null,
        hasPasskeys: false,
      })
      const rejected = await send('/console/api/sign-in/proxy', {}, request)
      expect([rejected.statusCode, rejected.json().code]).toEqual([401, 'unauthorized'])
    }
    const doors = ingest.log.filter(({ door }) => door === 'console_header')
    expect(doors).toContainEqual(expect.objectContaining({ msg: 'authentication failed' }))
    expect((await signIn('Sven')).statusCode).toBe(200)
  })
})

describe('the panel API', () => {
  test('does for an operator what the role includes, and refuses the rest', async () => {
    const { cookie: viewer } = await createOperator('Vera', 'viewer')
    const { cookie: support } = await createOperator('Sam', 'support', '10')
    const owner = await createOwner('Olga')
    await ingest.register()
    const deposit = { amount: '1', currency: 'USD', paymentRef: 'p-1' }
    const attempts = [
      ['/v1/orders/A-1', undefined],
      ['/v1/orders/A-1/actions', { action: 'refund', amount: '0.5', note: 'slow' }],
      ['/v1/accounts/user-1/deposits', deposit],
    ] as const
    const statusesOf = async (cookie: string) => {
      const responses = []
      for (const [url, payload] of attempts) responses.push(await send(url, payload, { cookie }))
      return responses.map(({ statusCode }) => statusCode)
    }
    expect(await statusesOf(viewer)).toEqual([200, 403, 403])
    expect(await statusesOf(support)).toEqual([200, 200, 403])
    expect(await statusesOf(owner)).toEqual([200, 200, 201])
    const denied = await send('/v1/accounts/user-1/deposits', deposit, { cookie: support })
    expect(denied.json()).toMatchObject({ code: 'scope_missing', detail: expect.stringContaining('deposits:write') })
  })

  test('records the operator who is signed in, whatever the request says', async () => {
    const { operatorId, cookie } = await createOperator('Susi', 'support', '10')
    await ingest.register({ orderId: 'A-2', providerOrderId: '2' })
    const action = { action: 'refund', amount: '0.5', note: 'slow', actor: 'Somebody else' }
    const done = await send('/v1/orders/A-2/actions', action, { cookie })
    expect(done.json().action).toMatchObject({ by: 'Susi', keyId: operatorId })
  })

  test('takes nothing from a page of another site', async () => {
    const cookie = await createOwner('Gina')
    const action = { action: 'set_status', status: 'processing', note: 'forged' }
    await ingest.register({ orderId: 'A-3', providerOrderId: '3' })
    const forged: Record<string, string>[] = [
      {},
      { ...OWN, origin: 'https://evil.example' },
      { ...OWN, origin: 'null' },
      { ...OWN, 'sec-fetch-site': 'same-site' },
      { ...OWN, 'sec-fetch-site': 'cross-site' },
    ]
    for (const headers of forged) {
      const response = await send('/v1/orders/A-3/actions', action, { cookie, headers })
      expect([response.statusCode, response.json().code]).toEqual([403, 'cross_site_request'])
      expect((await signIn('Gina', {}, { headers })).json().code).toBe('cross_site_request')
    }
    const own = { ...OWN, origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }
    expect((await send('/v1/orders/A-3/actions', action, { cookie, headers: own })).statusCode).toBe(200)
  })

  test('lets an operator go at once who is disabled or has another role', async () => {
    const { operatorId, cookie } = await createOperator('Ivan', 'support', '10')
    await ingest.register({ orderId: 'A-4', providerOrderId: '4' })
    const refund = () => send('/v1/orders/A-4/actions', { action: 'refund', amount: '0.1', note: 'x' }, { cookie })
    expect((await refund()).statusCode).toBe(200)
    await changeOperator(db, operatorId, { role: 'viewer' }, BY)
    // Another process reads it within a second; the limit is read where the money is.
    expect((await refund()).statusCode).toBe(403)
    await changeOperator(db, operatorId, { isDisabled: true }, BY)
    expect((await signIn('Ivan')).statusCode).toBe(401)
  })

  test('keeps a support operator within the limit, in all orders together and when they are refunded at the same time', async () => {
    const { cookie } = await createOperator('Tina', 'support', '2')
    const orders = Array.from({ length: 8 }, (_, index) => `T-${index}`)
    for (const orderId of orders) await ingest.register({ orderId, providerOrderId: `p-${orderId}`, userId: orderId })
    const responses = await Promise.all(
      orders.map((orderId) =>
        send(`/v1/orders/${orderId}/actions`, { action: 'refund', amount: '0.5', note: 'slow' }, { cookie }),
      ),
    )
    expect(countBy(responses)).toEqual({ 200: 4, 403: 4 })
    const denied = responses.filter(({ statusCode }) => statusCode !== 200).map((response) => response.json().code)
    expect(new Set(denied)).toEqual(new Set(['refund_limit_exceeded']))
    const { rows } = await ingest.database.owner.query(
      `SELECT sum(refunded)::text AS refunded FROM orders WHERE order_id LIKE 'T-%'`,
    )
    expect(rows).toEqual([{ refunded: '2.00000000' }])
  })

  test('every role has scopes of the list, and only an owner has those that grant more', () => {
    for (const scopes of Object.values(ROLE_SCOPES)) for (const scope of scopes) expect(ALL_SCOPES).toContain(scope)
    expect([...ROLE_SCOPES.viewer]).toEqual(['read'])
    for (const scope of ['operators', 'keys', 'tokens', 'deposits:write']) {
      expect(ROLE_SCOPES.support).not.toContain(scope)
    }
  })
})

describe("a ticket for the operator's socket", () => {
  const storedOf = async (ticket: string) =>
    db.selectFrom('operations_tickets').selectAll().where('ticket_hash', '=', hashToken(ticket)).execute()

  test('belongs to the session, is stored as a hash, and ends with it', async () => {
    const cookie = await createOwner('Ticketa')
    const issued = await send('/console/api/ticket', {}, { cookie })
    expect(issued.json()).toEqual({
      url: '/operations',
      ticket: expect.stringMatching(/^[\w-]{43}$/),
      expiresAt: expect.any(String),
    })
    const { ticket } = issued.json<{ ticket: string }>()
    expect(await storedOf(ticket)).toHaveLength(1)

    await send('/console/api/sign-out', {}, { cookie })
    expect(await storedOf(ticket)).toEqual([])
  })

  test('is for operators only, and not more than some at a time', async () => {
    expect((await send('/console/api/ticket', {})).statusCode).toBe(401)
    const cookie = await createOwner('Ticketus')
    expect((await send('/console/api/ticket', {}, { cookie, headers: {} })).statusCode).toBe(403)
    const issued = []
    for (let count = 0; count < 22; count += 1) issued.push(await send('/console/api/ticket', {}, { cookie }))
    const tickets = issued.map((response) => response.json<{ ticket: string }>().ticket)
    expect(await storedOf(tickets[0]!)).toEqual([])
    expect(await storedOf(tickets.at(-1)!)).toHaveLength(1)
    expect(await db.selectFrom('operations_tickets').selectAll().execute()).toHaveLength(20)
  })
})

describe('/v1/operators', () => {
  test('an owner invites, changes and disables an operator, and each is in the audit log', async () => {
    const owner = await createOwner('Otto')
    const invite = { name: 'Paul', role: 'support', refundLimit: '10.5' }
    const invited = await send('/v1/operators', invite, { cookie: owner })
    expect(invited.statusCode).toBe(201)
    const { operator, link } = invited.json()
    expect(operator).toMatchObject({ name: 'Paul', role: 'support', refundLimit: '10.5', state: 'invited' })
    const cookie = await acceptLink(link.replace('/console/#link=', ''))
    const session = await send('/console/api/session', undefined, { cookie })
    expect(session.json().operator).toEqual({ name: 'Paul', role: 'support', refundLimit: '10.5', hasTotp: false })

    const url = `/v1/operators/${operator.operatorId}`
    const change = (body: object) => send(url, body, { cookie: owner, method: 'PATCH' })
    expect((await change({ refundLimit: '2' })).json()).toMatchObject({ role: 'support', refundLimit: '2' })
    expect((await change({ isDisabled: true })).json()).toMatchObject({ state: 'disabled' })
    await eventually(async () => (await send('/v1/orders', undefined, { cookie })).statusCode === 401)
    expect((await send('/v1/operators', invite, { cookie: owner })).json().code).toBe('operator_exists')

    const log = await send(`/v1/audit-log?subject=${operator.operatorId}`, undefined, { cookie: owner })
    expect(
      log.json().data.map(({ action, actorName, result }: Record<string, string>) => [action, actorName, result]),
    ).toEqual([
      ['changeOperator', 'Otto', 'ok'],
      ['changeOperator', 'Otto', 'ok'],
      ['acceptLink', 'Paul', 'ok'],
      ['inviteOperator', 'Otto', 'ok'],
    ])
    expect(log.json().data[0]).toMatchObject({
      before: { role: 'support', refundLimit: '2', state: 'active' },
      after: { role: 'support', refundLimit: '2', state: 'disabled' },
      address: '127.0.0.1',
    })
  })

  test('a role is granted only by who has its scopes', async () => {
    const { key } = (await createApiKey(db, 'people', { scopes: ['operators'] }))!
    const headers = { authorization: `Bearer ${key}` }
    const { operatorId: viewerId } = await createOperator('Petra', 'viewer')
    const { rows } = await ingest.database.owner.query(`SELECT operator_id FROM operators WHERE name = 'Otto'`)
    const ownerId = rows[0].operator_id
    const denied = [
      await send('/v1/operators', { name: 'Mallory', role: 'owner' }, { headers }),
      await send(`/v1/operators/${viewerId}`, { role: 'owner' }, { headers, method: 'PATCH' }),
      await send(`/v1/operators/${ownerId}/password-link`, {}, { headers }),
    ]
    for (const response of denied) expect([response.statusCode, response.json().code]).toEqual([403, 'scope_missing'])
    expect((await send('/v1/operators', { name: 'Mallory', role: 'viewer' }, { headers })).statusCode).toBe(403)
    const { key: reader } = (await createApiKey(db, 'people and read', { scopes: ['operators', 'read'] }))!
    const withRead = { headers: { authorization: `Bearer ${reader}` } }
    expect((await send('/v1/operators', { name: 'Mallory', role: 'viewer' }, withRead)).statusCode).toBe(201)
  })

  test('of two owners who disable each other at the same time, one remains', async () => {
    await ingest.database.owner.query(`UPDATE operators SET disabled_at = now() WHERE role = 'owner'`)
    const cookies = [await createOwner('Quin'), await createOwner('Rosa')]
    const { rows } = await ingest.database.owner.query(
      `SELECT operator_id FROM operators WHERE name IN ('Quin', 'Rosa') ORDER BY name DESC`,
    )
    const responses = await Promise.all(
      cookies.map((cookie, index) =>
        send(`/v1/operators/${rows[index].operator_id}`, { isDisabled: true }, { cookie, method: 'PATCH' }),
      ),
    )
    expect(countBy(responses)).toEqual({ 200: 1, 409: 1 })
    expect(responses.find(({ statusCode }) => statusCode === 409)!.json().code).toBe('last_owner')
  })
})

describe('the audit log', () => {
  test('has the sign-ins, the refunds with before and after, and what was refused', async () => {
    const { operatorId, cookie } = await createOperator('Uwe', 'support', '1')
    await signIn('Uwe', { password: 'wrong password!' })
    await ingest.register({ orderId: 'U-1', providerOrderId: 'U-1', userId: 'U-1' })
    const refund = (amount: string) =>
      send('/v1/orders/U-1/actions', { action: 'refund', amount, note: 'slow' }, { cookie })
    await refund('0.75')
    await refund('0.75')
    await send('/v1/tokens', { userId: 'U-1' }, { cookie })

    const { rows } = await ingest.database.owner.query(
      'SELECT action, subject, note, before, after, result, address FROM audit_log WHERE actor = $1 ORDER BY position',
      [operatorId],
    )
    const quiet = { note: null, before: null, after: null, address: '127.0.0.1' }
    expect(rows).toEqual([
      { ...quiet, action: 'acceptLink', subject: operatorId, result: 'ok' },
      { ...quiet, action: 'signIn', subject: operatorId, result: 'sign_in_failed' },
      {
        action: 'actOnOrder',
        subject: 'U-1',
        note: 'slow',
        before: { status: 'pending', refunded: '0' },
        after: { action: 'refund', status: 'pending', refunded: '0.75', refund: '0.75' },
        result: 'ok',
        address: '127.0.0.1',
      },
      { ...quiet, action: 'actOnOrder', subject: 'U-1', note: 'slow', result: 'refund_limit_exceeded' },
      { ...quiet, action: 'mintToken', subject: null, result: 'scope_missing' },
    ])
  })

  test('has what API keys change, once however often a request is repeated; registrations and tokens are in groups', async () => {
    const count = async (): Promise<number> =>
      Number((await ingest.database.owner.query('SELECT count(*) FROM audit_log')).rows[0].count)
    const before = await count()
    const headers = { 'idempotency-key': 'audited' }
    const deposit = { amount: '1', currency: 'USD', paymentRef: 'audited' }
    await ingest.register({ orderId: 'V-1', providerOrderId: 'V-1', userId: 'V-1' })
    for (let repeat = 0; repeat < 3; repeat += 1) await ingest.call('POST', '/v1/accounts/V-1/deposits', deposit)
    await ingest.call('POST', '/v1/tokens', { userId: 'V-1' })
    await ingest.call('POST', '/v1/accounts', { userId: 'V-2', currency: 'USD' }, headers)
    const order = { ...anOrder(), orderId: 'V-2', providerOrderId: 'V-2', userId: 'V-2' }
    expect((await ingest.call('POST', '/v1/orders/bulk', { orders: [order] })).statusCode).toBe(200)
    await ingest.call('GET', '/v1/orders/V-1')
    expect((await count()) - before).toBe(1)
    for (const orderId of ['V-1', 'V-9']) {
      await ingest.call('POST', `/v1/orders/${orderId}/actions`, { action: 'refund', amount: '99', note: 'too much' })
    }
    const errors = await ingest.database.owner.query(
      `SELECT action, subject, note, result FROM audit_log WHERE note = 'too much' ORDER BY position`,
    )
    expect(errors.rows).toEqual([
      { action: 'actOnOrder', subject: 'V-1', note: 'too much', result: 'refund_exceeds_charge' },
      { action: 'actOnOrder', subject: 'V-9', note: 'too much', result: 'order_not_found' },
    ])
    const cookie = await createOwner('Yoko')
    await send('/v1/tokens', { userId: 'V-1' }, { cookie })
    await send('/v1/accounts', { userId: 'V-1', currency: 'USD' }, { cookie })
    const { rows } = await ingest.database.owner.query(
      `SELECT actor_name AS "actorName", action, after FROM audit_log WHERE subject = 'V-1' AND result = 'ok' ORDER BY position`,
    )
    expect(rows).toEqual([
      {
        actorName: 'environment',
        action: 'deposit',
        after: { amount: '1', currency: 'USD', paymentRef: 'audited', balance: '1' },
      },
      { actorName: 'Yoko', action: 'mintToken', after: { jti: expect.any(String) } },
      { actorName: 'Yoko', action: 'openAccount', after: null },
    ])
  })

  test('has a denied operation once a minute, however often it is tried', async () => {
    const { operatorId, cookie } = await createOperator('Xenia', 'viewer')
    const responses = await Promise.all(
      Array.from({ length: 60 }, (_, count) => send(`/v1/keys?attempt=${count}`, undefined, { cookie })),
    )
    await send('/v1/operators', undefined, { cookie })
    expect(countBy(responses)).toEqual({ 403: 60 })
    const { rows } = await ingest.database.owner.query(
      `SELECT action, count(*)::int FROM audit_log WHERE actor = $1 AND result = 'scope_missing' GROUP BY action ORDER BY action`,
      [operatorId],
    )
    expect(rows.map(({ action }) => action)).toEqual(['listKeys', 'listOperators'])
    // The minute may end in between.
    for (const { count } of rows) expect(count).toBeLessThanOrEqual(2)
  })

  test('is exported whole, and its chain holds', async () => {
    const ndjson = await ingest.call('GET', '/v1/audit-log/export')
    const entries = ndjson.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { position: number })
    expect(entries.map(({ position }) => position)).toEqual(entries.map((_, index) => entries.length - index))
    const csv = await ingest.call('GET', '/v1/audit-log/export?format=csv')
    expect(csv.headers['content-type']).toContain('text/csv')
    expect(csv.body.split('\r\n')[0]).toMatch(/^position,at,actor,actorName,action/)
    const asIngest = createKysely(ingest.database.poolAs('ingest', 1))
    expect(await verifyAuditLog(asIngest)).toMatchObject({ entries: entries.length, problems: [] })
  })
})

describe('the checks of the system', () => {
  test('are sentences with the fix, for everybody who may read', async () => {
    const { cookie } = await createOperator('Della', 'viewer')
    const response = await send('/v1/diagnostics', undefined, { cookie })
    expect(response.statusCode).toBe(200)
    const { isHealthy, diagnostics } = response.json()
    const statusOf = Object.fromEntries(
      diagnostics.map(({ check, status }: { check: string; status: string }) => [check, status]),
    )
    expect(statusOf).toMatchObject({
      'postgres-version': 'ok',
      'postgres-clock': 'ok',
      outbox: 'ok',
      gateways: 'failed',
    })
    expect(isHealthy).toBe(false)
    expect(diagnostics).toContainEqual({
      check: 'gateways',
      status: 'failed',
      message: 'no gateway announces itself',
      hint: 'Start ws-gateway.',
      code: 'gateways_none',
      values: {},
    })
  })

  test('the audit finds what does not agree, for an owner, and is kept for a minute', async () => {
    const { cookie } = await createOperator('Desmond', 'viewer')
    expect((await send('/v1/ledger-audit', undefined, { cookie })).json()).toMatchObject({ code: 'scope_missing' })

    const owner = await createOwner('Daphne')
    await ingest.register({ orderId: 'audited', providerOrderId: 'audited', userId: 'audited' })
    const { owner: pool } = ingest.database
    await pool.query(`UPDATE orders SET refunded = 1 WHERE order_id = 'audited'`)
    const first = (await send('/v1/ledger-audit', undefined, { cookie: owner })).json()
    await pool.query(`UPDATE orders SET refunded = 0 WHERE order_id = 'audited'`)
    expect(first.isClean).toBe(false)
    const violated = first.checks.filter(({ count }: { count: number }) => count > 0)
    const rows = [{ subject: expect.stringContaining('audited') }]
    expect(violated).toMatchObject([
      { check: 'refunds', count: 1, rows },
      { check: 'account-totals', count: 1, rows },
    ])
    expect((await send('/v1/ledger-audit', undefined, { cookie: owner })).json()).toEqual(first)
  })
})

describe('/v1/keys', () => {
  const statusWith = async (key: string, address?: string): Promise<number> => {
    const headers = { authorization: `Bearer ${key}` }
    return (await send('/v1/orders', undefined, { headers, ...(address === undefined ? {} : { address }) })).statusCode
  }

  test('a key does what its scopes include, where and while it is accepted', async () => {
    const networks = { allowedNetworks: ['198.51.100.0/24', '2001:db8::/32'] }
    const [reader, minter, near, expired] = await Promise.all([
      createApiKey(db, 'reader'),
      createApiKey(db, 'minter', { scopes: ['tokens'] }),
      createApiKey(db, 'near', { scopes: ['read'], ...networks }),
      createApiKey(db, 'expired', { scopes: ['read'], expiresAt: new Date(Date.now() - 1_000) }),
    ])
    const call = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })
    expect(await statusWith(reader!.key)).toBe(200)
    expect((await send('/v1/tokens', { userId: 'ann' }, call(reader!.key))).json().code).toBe('scope_missing')
    expect((await send('/v1/tokens', { userId: 'ann' }, call(minter!.key))).statusCode).toBe(201)
    expect(await statusWith(minter!.key)).toBe(403)
    expect(await statusWith(near!.key)).toBe(401)
    expect(await statusWith(near!.key, '198.51.100.7')).toBe(200)
    expect(await statusWith(near!.key, '2001:db8::7')).toBe(200)
    expect(await statusWith(expired!.key)).toBe(401)
  })

  test('an owner creates a key, which is shown once; no other role and no API key does', async () => {
    const owner = await createOwner('Kim')
    const networks = ['198.51.100.0/24', '2001:db8::/32', '203.0.113.7']
    const limits = { scopes: ['tokens'], expiresAt: '2099-01-01T00:00:00.000Z', allowedNetworks: networks }
    const created = await send('/v1/keys', { name: 'shop server', ...limits }, { cookie: owner })
    expect(created.statusCode).toBe(201)
    const { key, keyId } = created.json<{ key: string; keyId: string }>()
    const headers = { authorization: `Bearer ${key}` }
    expect((await send('/v1/tokens', { userId: 'ann' }, { headers })).statusCode).toBe(401)
    expect((await send('/v1/tokens', { userId: 'ann' }, { headers, address: '198.51.100.7' })).statusCode).toBe(201)
    const reader = (await send('/v1/keys', { name: 'reader' }, { cookie: owner })).json<{ keyId: string }>()
    const { data } = (await send('/v1/keys', undefined, { cookie: owner })).json()
    expect(data.find((one: { keyId: string }) => one.keyId === keyId)).toMatchObject({ name: 'shop server', ...limits })
    expect(data.find((one: { keyId: string }) => one.keyId === reader.keyId)).toMatchObject({ scopes: ['read'] })
    const log = await ingest.database.owner.query(`SELECT actor_name, after FROM audit_log WHERE subject = $1`, [keyId])
    expect(log.rows).toEqual([{ actor_name: 'Kim', after: { name: 'shop server', ...limits } }])
    expect(JSON.stringify([data, log.rows])).not.toContain(key)

    const wrong = await send('/v1/keys', { name: 'x', allowedNetworks: ['198.51.100.0/33'] }, { cookie: owner })
    expect(wrong.json()).toMatchObject({ code: 'validation_failed' })
    const all = (await createApiKey(db, 'all', { scopes: ALL_SCOPES }))!
    const operators = [await createOperator('Kit', 'support', '5'), await createOperator('Kai', 'viewer')]
    for (const request of [...operators, { headers: { authorization: `Bearer ${all.key}` } }]) {
      expect((await send('/v1/keys', { name: 'mine' }, request)).json().code).toBe('scope_missing')
    }
    for (const { cookie } of operators) {
      const endpoint = await send('/v1/outgoing-webhooks/endpoints', { url: 'https://panel.example' }, { cookie })
      expect(endpoint.json().code).toBe('scope_missing')
    }
  })

  test('a refund that resolves a review needs the scope of refunds', async () => {
    const { key } = (await createApiKey(db, 'reviewer', { scopes: ['reviews'] }))!
    const headers = { authorization: `Bearer ${key}` }
    const url = '/v1/reviews/0197a5ee-0000-7000-8000-000000000000/resolve'
    for (const action of ['approve', 'refund']) {
      const response = await send(url, { action, amount: '1', note: 'x' }, { headers })
      expect(response.json()).toMatchObject({ code: 'scope_missing', detail: expect.stringContaining('refunds:write') })
    }
    expect((await send(url, { action: 'dismiss', note: 'x' }, { headers })).json().code).toBe('review_not_found')
  })

  test('a key from before there were scopes keeps them all', async () => {
    const { key, keyId } = (await createApiKey(db, 'old'))!
    await ingest.database.owner.query('UPDATE api_keys SET scopes = NULL WHERE key_id = $1', [keyId])
    const headers = { authorization: `Bearer ${key}` }
    expect((await send('/v1/tokens', { userId: 'ann' }, { headers })).statusCode).toBe(201)
  })

  test('an owner sees the address of a webhook, which is in the audit log; no other sender does', async () => {
    const owner = await createOwner('Vic')
    const { cookie: viewer } = await createOperator('Val', 'viewer')
    const body = { provider: 'godofpanel' }
    const shown = await send('/v1/webhook-address', body, { cookie: owner })
    expect(shown.json()).toEqual({ path: `/webhooks/godofpanel/${TOKEN}`, proof: 'token' })
    expect(shown.headers['cache-control']).toBe('no-store')
    const { rows } = await ingest.database.owner.query(
      `SELECT actor_name, subject, result FROM audit_log WHERE action = 'revealWebhookAddress' AND result = 'ok'`,
    )
    expect(rows).toEqual([{ actor_name: 'Vic', subject: 'godofpanel', result: 'ok' }])

    expect((await send('/v1/webhook-address', body, { cookie: viewer })).json().code).toBe('scope_missing')
    const byKey = { headers: { authorization: `Bearer ${API_KEY}` } }
    expect((await send('/v1/webhook-address', body, byKey)).json().code).toBe('scope_missing')
    const unknown = await send('/v1/webhook-address', { provider: 'another' }, { cookie: owner })
    expect(unknown.json().code).toBe('unknown_provider')
  })

  test('an owner sees which secrets the services know, by fingerprints', async () => {
    const owner = await createOwner('Viv')
    const { cookie: support } = await createOperator('Sid', 'support', '1')
    const list = async () => (await send('/v1/secrets', undefined, { cookie: owner })).json<SecretsInUse>().data
    await eventually(async () => (await list()).length > 0)
    const known = (await list()).map(({ kind, provider, secrets }) => [kind, provider, secrets[0]!.fingerprint])
    expect(known).toContainEqual(['webhook_tokens', 'godofpanel', fingerprintOf('webhook_tokens', TOKEN)])
    expect(known).toContainEqual(['panel_api_keys', null, fingerprintOf('panel_api_keys', API_KEY)])
    for (const secret of [TOKEN, API_KEY]) expect(JSON.stringify(await list())).not.toContain(secret)
    expect((await send('/v1/secrets', undefined, { cookie: support })).json().code).toBe('scope_missing')
  })

  test('an owner revokes a key, and also the one of the environment', async () => {
    const owner = await createOwner('Wim')
    const { key, keyId } = (await createApiKey(db, 'lost'))!
    expect((await send(`/v1/keys/${keyId}/revoke`, {}, { cookie: owner })).json()).toEqual({ keyId })
    await eventually(async () => (await statusWith(key)) === 401)

    const list = async () => (await send('/v1/keys', undefined, { cookie: owner })).json().data
    const ofEnvironment = (await list()).find(({ name }: { name: string }) => name === 'environment')
    expect(ofEnvironment).toMatchObject({ keyId: expect.stringMatching(/^env_/), scopes: ALL_SCOPES, revokedAt: null })
    expect(JSON.stringify(await list())).not.toContain(API_KEY)
    const revoked = await send(`/v1/keys/${ofEnvironment.keyId}/revoke`, {}, { cookie: owner })
    expect(revoked.statusCode).toBe(200)
    await eventually(async () => (await statusWith(API_KEY)) === 401)
    expect((await send(`/v1/keys/${ofEnvironment.keyId}/revoke`, {}, { cookie: owner })).json().code).toBe(
      'api_key_not_found',
    )
  })
})
