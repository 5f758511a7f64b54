import { expect, test } from '@jest/globals'
import { SECRET_KINDS } from '@paxyo/contracts/data'
import { fingerprintOf as serverFingerprint } from '@paxyo/service-kit'
import { fingerprintOf, newSecret } from '../../page/kit/fingerprint.ts'
import { commandsOf, DEPLOYMENTS } from '../../page/state/secret-commands.ts'
import { rotationOf, type RotationFacts, type SecretGroup } from '../../page/state/secret-rotation.ts'

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()
const INGEST = { service: 'webhook-ingest', processes: 2 } as const
const GATEWAY = { service: 'ws-gateway', processes: 3 } as const

const secret = (fingerprint: string, change: object = {}): SecretGroup['secrets'][number] => ({
  fingerprint,
  place: 1,
  knownSince: at(0),
  lastUsedAt: null,
  knownBy: [INGEST, GATEWAY],
  ...change,
})

const statesOf = (secrets: readonly SecretGroup['secrets'][number][], facts: Partial<RotationFacts> = {}): string[] => {
  const group: SecretGroup = { kind: 'jwt_secrets', provider: null, services: [INGEST, GATEWAY], secrets: [...secrets] }
  const { steps } = rotationOf({
    group,
    made: undefined,
    former: new Set(['old']),
    nowMs: Date.parse(at(90)),
    ...facts,
  })
  return Object.values(steps)
}

test('each step of a rotation has a tick when the services report that it is done', () => {
  const old = secret('old', { lastUsedAt: at(80) })
  expect(statesOf([old])).toEqual(['open', 'open', 'open', 'open', 'open'])
  expect(statesOf([old], { made: 'new' })).toEqual(['done', 'open', 'open', 'open', 'open'])

  const known = [{ ...INGEST, processes: 1 }, GATEWAY]
  expect(statesOf([secret('new', { knownBy: known }), old], { made: 'new' })).toEqual([
    'done',
    'done',
    'waiting',
    'open',
    'open',
  ])
  // Known by all; the old one was used ten minutes ago.
  expect(statesOf([secret('new'), old])).toEqual(['done', 'done', 'done', 'waiting', 'open'])
  const hourLater = { nowMs: Date.parse(at(140)) }
  expect(statesOf([secret('new'), old], hourLater)).toEqual(['done', 'done', 'done', 'done', 'open'])
  // No sender can have changed before the new one was known.
  const later = secret('new', { knownSince: at(100) })
  expect(statesOf([later, old], hourLater)).toEqual(['done', 'done', 'done', 'waiting', 'open'])
  expect(statesOf([secret('new')])).toEqual(['done', 'done', 'done', 'done', 'done'])
  // The command of docker compose makes one, whatever was made in the page.
  expect(statesOf([secret('new'), old], { made: 'another' })).toEqual(['done', 'done', 'done', 'waiting', 'open'])
})

test('a rotation that was begun before goes on: the one that is known since last is the new one', () => {
  const both = [secret('new', { knownSince: at(5) }), secret('old')]
  const former = new Set(['new', 'old'])
  expect(statesOf(both, { former })).toEqual(['done', 'done', 'done', 'done', 'open'])
  expect(statesOf([secret('new')], { former })).toEqual(['done', 'done', 'done', 'done', 'done'])
})

test.each(SECRET_KINDS)('the page and the services agree on the fingerprint of %s', async (kind) => {
  const made = newSecret()
  expect(made).toMatch(/^[\w-]{43}$/)
  expect(await fingerprintOf(kind, made)).toBe(serverFingerprint(kind, made))
})

test('gateways accept a new secret of browser tokens before webhook-ingest signs with it', () => {
  for (const deployment of DEPLOYMENTS.filter((name) => name !== 'standalone')) {
    const commands = commandsOf(deployment, 'jwt_secrets', 'add')
    const lines = commands.split('\n')
    expect(lines.findIndex((line) => line.includes('ws-gateway'))).toBeGreaterThan(-1)
    expect(commands.lastIndexOf('webhook-ingest')).toBeGreaterThanOrEqual(
      deployment === 'compose' ? -1 : commands.lastIndexOf('ws-gateway'),
    )
  }
  expect(commandsOf('compose', 'webhook_tokens', 'add')).toBe(
    'npm run secrets -- --rotate webhook-tokens\nnpm run rollout',
  )
  expect(commandsOf('systemd', 'panel_api_keys', 'remove')).toContain('/etc/paxyo/secrets/panel-api-keys')
})
