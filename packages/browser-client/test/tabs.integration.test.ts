import { afterEach, expect, test } from '@jest/globals'
import { connect, type Client, type ClientEvent, type ConnectOptions } from '@paxyo/browser-client'
import { PROTOCOL_VERSION } from '@paxyo/contracts/data'
import { eventually } from '@paxyo/testkit'
import { event, startScriptedServer, welcome } from './scripted-server.ts'

const tabs: Client[] = []
function open(options: ConnectOptions): Client {
  const tab = connect(options)
  tabs.push(tab)
  return tab
}
afterEach(() => {
  for (const tab of tabs.splice(0)) tab.close()
})

test('a tab without a connection is told of kinds that it does not know, in their place, also of those it missed', async () => {
  const archived = { ...event(2), event: 'order.archived', note: 'old' }
  let sayLater: (message: object) => void = () => undefined
  await using server = await startScriptedServer((say) => {
    sayLater = say
    say(welcome(0))
    for (const message of [event(1), archived]) say(message)
  })
  const options = { url: server.url, token: 'a.b.c', userId: 'ann' }
  const leader = open(options)
  await eventually(() => leader.position?.seq === 2)

  const follower = open({ ...options, position: { epoch: 'e', seq: 1 } })
  const emitted: ClientEvent[] = []
  follower.on('event', (what) => emitted.push(what))
  follower.on('account', (what) => emitted.push(what))
  await eventually(() => follower.status.state === 'live')
  sayLater({ ...archived, seq: 3 })
  await eventually(() => follower.position?.seq === 3)

  const { account, at } = archived
  expect(emitted).toEqual(
    [2, 3].flatMap((seq) => [
      { type: 'event', event: 'order.archived', seq, at, account, data: { ...archived, seq } },
      { type: 'account', seq, account },
    ]),
  )
  expect(server.hellos).toHaveLength(1)
})

test('a leader that stops after it has responded, as a suspended tab does, loses its place to the tab that is looked at', async () => {
  await using server = await startScriptedServer((say) => {
    say(welcome(0))
    say(event(1))
  })
  const name = `paxyo tabs ${PROTOCOL_VERSION} ${server.url} ann`
  const suspended = new AbortController()
  const leading = new Promise<void>((leads) => {
    const hold = (): Promise<unknown> => {
      leads()
      return new Promise((release) => suspended.signal.addEventListener('abort', release))
    }
    navigator.locks.request(name, hold).catch(() => undefined)
  })
  await leading
  using channel = Object.assign(new BroadcastChannel(name), { [Symbol.dispose]: () => channel.close() })
  let responses = 0
  channel.addEventListener('message', ({ data }) => {
    const { kind, from } = data as { readonly kind: string; readonly from: string }
    if (kind !== 'request' || responses > 0) return
    responses += 1
    const status = { state: 'live', sinceMs: 0 }
    // A channel reaches only its own origin; the rule is about windows.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    channel.postMessage({ kind: 'response', to: from, events: [], status, head: { epoch: 'e', seq: 0 } })
  })
  const follower = open({ url: server.url, token: 'a.b.c', userId: 'ann', position: { epoch: 'e', seq: 0 } })
  await eventually(() => follower.status.state === 'live')
  expect(server.hellos).toHaveLength(0)

  await eventually(() => follower.position?.seq === 1)
  expect(server.hellos).toHaveLength(1)
  suspended.abort()
}, 90_000)
