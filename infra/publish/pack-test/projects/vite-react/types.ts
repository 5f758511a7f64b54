export { PaxyoProvider, useOrders } from '@paxyo/browser-client/react'
