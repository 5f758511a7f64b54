export { createPaxyo, useOrders } from '@paxyo/browser-client/vue'
