import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connectSocket, eventually, ledgerViolations, mintToken, type TestSocket } from '@paxyo/testkit'
import { PANEL_KEY, startSystem, WEBHOOK_TOKEN, type System } from '../system.ts'
import type { Target } from './attack.ts'
import { runAttacks } from './run-attacks.ts'
import { attackWithSchemathesis, installSchemathesis } from './schemathesis.ts'

// The short form of `npm run attack`: the same attacks, with few inputs.

const INPUTS = 200
const EXAMPLES = 2

const seed = Number(process.env['ATTACK_SEED'] ?? Date.now() % 1_000_000)

let python: string
let system: System
let target: Target
let bystander: TestSocket
beforeAll(async () => {
  python = installSchemathesis()
  system = await startSystem()
  const { ingest, gateway } = system
  target = { ingestUrl: ingest.url, gatewayUrl: gateway.url, panelKey: PANEL_KEY, webhookToken: WEBHOOK_TOKEN }
  await system.register({ orderId: 'B-1', providerOrderId: 'b1', userId: 'bystander' })
  bystander = await connectSocket(gateway.url, { token: await mintToken('bystander') })
  await bystander.next('welcome')
})
afterAll(async () => {
  bystander.close()
  await system[Symbol.asyncDispose]()
})

test('raw HTTP, frames, tokens and races let no client in, and make no books disagree', async () => {
  const results = await runAttacks({ target, seed, inputs: INPUTS })
  const violations = results.flatMap(({ attack, violations: found }) =>
    found.map((violation) => `${attack}: ${violation}`),
  )
  expect({ seed, violations }).toEqual({ seed, violations: [] })
  for (const { attack, inputs } of results) {
    // Every race has several requests.
    expect({ attack, isComplete: inputs >= INPUTS }).toEqual({ attack, isComplete: true })
  }
  expect(await ledgerViolations(system.database.owner)).toEqual({})
})

test('Schemathesis finds no response of the API that its document does not allow', async () => {
  const result = await attackWithSchemathesis({ target, python, seed, examples: EXAMPLES })
  expect({ seed, violations: result.violations }).toEqual({ seed, violations: [] })
  expect(result.inputs).toBeGreaterThan(10)
  expect(await ledgerViolations(system.database.owner)).toEqual({})
})

test('afterwards the services work, and a bystander has noticed nothing', async () => {
  expect((await system.webhook({ order_id: 'b1', status: 'canceled' })).status).toBe(200)
  await eventually(() => bystander.events().length > 0)
  expect(bystander.socket.readyState).toBe(bystander.socket.OPEN)
  expect(bystander.events()).toMatchObject([{ seq: 2, refund: { amount: '2.5' } }])
  for (const { url } of [system.ingest, system.gateway]) expect((await fetch(`${url}/readyz`)).status).toBe(200)
})
