export type { EventBus, EventPublisher, EventSubscriber, SubscriberHandlers } from './event-bus.ts'
export { createInProcessBus } from './in-process-bus.ts'
export { createRedisBus, type RedisBusOptions } from './redis-bus.ts'
export type { RedisTopology } from './redis-address.ts'
