'use client'

import { createFormat } from '@paxyo/browser-client/format'
import { PaxyoProvider, useBalance, useConnection, useOrder, useOrders, useRefunds } from '@paxyo/browser-client/react'

const format = createFormat('en')
const getToken = async ({ signal }) => (await fetch('/realtime-token', { signal })).text()

function Orders() {
  const { state } = useConnection()
  const balance = useBalance()
  const refunds = useRefunds()
  const { orders } = useOrders()
  const { order } = useOrder(orders[0]?.orderId ?? 'none')
  return (
    <main>
      {format.connection(state)}|{balance?.balance}|{order?.status}|{refunds.length}
    </main>
  )
}

export function Page() {
  return (
    <PaxyoProvider url="SOCKET_URL" getToken={getToken}>
      <Orders />
    </PaxyoProvider>
  )
}
