import { followStream } from './stream.ts'
import { notify, showAccount, showOrder, showOrders, showState } from './view.ts'

async function fetchToken(): Promise<string> {
  const response = await fetch('/demo/token')
  if (!response.ok) throw new Error(`no token: ${response.status}`)
  return ((await response.json()) as { token: string }).token
}

followStream(`${location.origin.replace(/^http/, 'ws')}/ws`, fetchToken, {
  onState: showState,
  onSnapshot({ account, orders = [] }) {
    showAccount(account)
    showOrders(orders)
  },
  onEvent(event) {
    if ('order' in event) showOrder(event.order)
    showAccount(event.account)
    notify(event)
  },
})
