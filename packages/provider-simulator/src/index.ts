export { loadSimulatorConfig } from './config.ts'
export type { Simulator, SimulatorOptions } from './simulated-provider.ts'
export { startSimulator } from './simulator.ts'
export { SimulatorError, type SimulatorErrorCode } from './simulator-error.ts'
export { ORDER_ACTIONS, type NewOrder, type OrderAction, type OrderChange, type ProviderOrder } from './order-store.ts'
export { WEBHOOK_MISTAKE_NAMES, WEBHOOK_MISTAKES, writeMistake, type WebhookMistakeName } from './webhook-mistakes.ts'
export {
  bytesOf,
  WEBHOOK_SHAPE_NAMES,
  WEBHOOK_SHAPES,
  writeWebhook,
  type WebhookBody,
  type WebhookShape,
  type WebhookShapeName,
} from './webhook-shapes.ts'
export type { ApiFault } from './api-route.ts'
export type { DeliveryCounts, SimulatedDelivery } from './delivery-log.ts'
export type { WebhookAuthentication } from './authentication.ts'
export type { WebhookTarget } from './webhook-sender.ts'
