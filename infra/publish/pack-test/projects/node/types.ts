import { connect, type OrderView } from '@paxyo/browser-client'
import { createTestClient } from '@paxyo/browser-client/test'
import { createPanelClient, type PanelOrder } from '@paxyo/panel-client'

export const statusOf = (order: OrderView): string => order.status
export const client = connect({ url: 'SOCKET_URL', token: 'a.b.c' })
export const testClient = createTestClient({ orders: [{ orderId: 'A-1', status: 'partial' }] })
export async function read(): Promise<PanelOrder[]> {
  const orders: PanelOrder[] = []
  for await (const order of createPanelClient({ url: 'http://localhost', apiKey: 'key' }).orders.list())
    orders.push(order)
  return orders
}
