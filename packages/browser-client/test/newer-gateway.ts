import { event, startScriptedServer, welcome, type ScriptedServer } from './scripted-server.ts'

const ORDER = {
  orderId: 'A-1',
  providerOrderId: '101',
  service: 'Instagram followers',
  link: 'https://instagram.com/somebody',
  quantity: 1000,
  charge: '2.5',
  currency: 'USD',
  status: 'pending',
  remains: null,
  startCount: null,
  refunded: '0',
  updatedAt: '2026-11-22T18:00:00.000Z',
}

/** A future gateway: another protocol version, a new type of message, new kinds of events, a new status. */
export function startNewerGateway(): Promise<ScriptedServer> {
  const account = { balance: '7', currency: 'USD', mode: 'kept' }
  return startScriptedServer((say) => {
    say({ type: 'greeting', text: 'hello' })
    say(
      welcome(0, {
        protocol: 2,
        minProtocol: 1,
        orders: [ORDER],
        account: { balance: '1', currency: 'USD', mode: 'kept' },
      }),
    )
    say({ ...event(1), event: 'order.archived', order: { orderId: 'A-1' }, account })
    say({ ...event(2), event: 'device.seen', account: undefined })
    say({
      ...event(3),
      event: 'order.updated',
      order: { ...ORDER, status: 'in_review', remains: 400, note: '' },
      account,
    })
  })
}
