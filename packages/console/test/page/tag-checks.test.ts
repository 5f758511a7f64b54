import { expect, test } from '@jest/globals'
import { tagChecks, type TagFacts, type TagResult } from '../../page/state/tag-checks.ts'

const RESULT: TagResult = { script: 'served', socket: 'open', token: 'accepted', rejection: undefined }
const FACTS: TagFacts = {
  result: RESULT,
  origin: 'https://panel.example',
  panelOrigin: 'https://panel.example',
  isLive: true,
  isPageConnected: false,
}

const statesOf = (result: Partial<TagResult>, facts: Partial<TagFacts> = {}): Readonly<Record<string, string>> =>
  Object.fromEntries(
    tagChecks({ ...FACTS, ...facts, result: { ...RESULT, ...result } }).map(({ name, state, fix }) => [
      name,
      fix === undefined ? state : `${state} ${fix}`,
    ]),
  )
const DONE = { script: 'done', wss: 'done', origin: 'done', token: 'done' }
const WAITING = 'waiting fixTag.openPage'

test('nothing is said before the test; each part that works is a tick', () => {
  expect(tagChecks({ ...FACTS, result: undefined })).toEqual([])
  expect(statesOf({})).toEqual(DONE)
})

test('each failure has its own fix', () => {
  for (const socket of ['notUpgraded', 'notForwarded', 'down', 'unreachable'] as const) {
    expect(statesOf({ socket })).toEqual({ ...DONE, wss: `open fixTag.${socket}`, origin: WAITING })
  }
  for (const token of ['noRoute', 'signedOut', 'noToken', 'rejected', 'unreachable'] as const) {
    expect(statesOf({ token })).toEqual({ ...DONE, token: `open fixTag.${token}` })
  }
  for (const script of ['notForwarded', 'unreachable'] as const) {
    expect(statesOf({ script })).toEqual({ ...DONE, script: `open fixTag.${script}` })
  }
})

test('a rejected origin is a fault of the pages of this origin only', () => {
  const rejected = { socket: 'originNotAllowed', token: 'given' } as const
  expect(statesOf(rejected)).toEqual({ ...DONE, origin: 'open fixTag.originNotAllowed', token: WAITING })
  // The console is not at the panel's host: it cannot ask for the panel's pages.
  const other = { panelOrigin: 'https://shop.example' }
  expect(statesOf({ ...rejected, token: undefined }, other)).toEqual({ ...DONE, origin: WAITING, token: WAITING })
  // Without the console's own socket, nothing shows that WebSockets pass.
  expect(statesOf(rejected, { isLive: false })).toMatchObject({ wss: 'open fixTag.notUpgraded' })
})

test('a connected page of the panel proves its origin and its token', () => {
  const facts = { panelOrigin: 'https://shop.example', isPageConnected: true }
  expect(statesOf({ token: undefined }, facts)).toEqual(DONE)
  // But not a page of this origin, which the gateway rejects.
  expect(statesOf({ socket: 'originNotAllowed' }, { isPageConnected: true })).toMatchObject({
    origin: 'open fixTag.originNotAllowed',
  })
})
