import { followStream, type Credentials } from './stream.ts'
import { notify, showAccount, showOrder, showOrders, showState } from './view.ts'

async function getCredentials(): Promise<Credentials> {
  const response = await fetch('/demo/token')
  if (!response.ok) throw new Error(`no token: ${response.status}`)
  const { token, socketUrl } = (await response.json()) as { token: string; socketUrl?: string }
  return { token, url: socketUrl ?? `${location.origin.replace(/^http/, 'ws')}/ws` }
}

followStream(getCredentials, {
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
