import { createOrderStore } from '@paxyo/browser-client'
import { createPanelClient } from '@paxyo/panel-client'

const { PANEL_URL, PANEL_KEY, USER } = process.env
const panel = createPanelClient({ url: PANEL_URL, apiKey: PANEL_KEY })
const store = createOrderStore({
  url: 'SOCKET_URL',
  getToken: async () => (await panel.tokens.mint({ userId: USER })).token,
})
const unsubscribe = store.subscribe(() => {
  const { connection, account, orders, refunds } = store.getState()
  if (connection.state !== 'live' || refunds.length === 0) return
  console.log([connection.state, account.balance, orders[0].status, refunds.length].join('|'))
  unsubscribe()
})
