import type { Change } from './live.ts'

/** Whether a change concerns what a page shows. */
export type Concerns = (change: Change) => boolean

const isEverything = ({ type }: Change): boolean => type === 'everything' || type === 'sampled'

export const anyDelivery: Concerns = (change) => isEverything(change) || change.type === 'batch'

export const reviewsChanged: Concerns = (change) =>
  isEverything(change) || (change.type === 'batch' && change.reviews.opened + change.reviews.resolved > 0)

export const refundsPaid: Concerns = (change) =>
  isEverything(change) || (change.type === 'batch' && change.refunds.length > 0)

export const connectionsChanged: Concerns = (change) => isEverything(change) || change.type === 'connections'

/** An endpoint began to fail or to deliver, or a batch has something to deliver. */
export const webhooksSent: Concerns = (change) => anyDelivery(change) || change.type === 'endpoint'

/** Its deliveries, or a batch with more deliveries than its message describes: one of them may be the order's. */
export const orderChanged =
  (orderId: string): Concerns =>
  (change) =>
    isEverything(change) ||
    (change.type === 'batch' &&
      (change.rows.some((row) => row.orderId === orderId) || isShortened(change) || isDecision(change)))

export const userChanged =
  (userId: string): Concerns =>
  (change) =>
    isEverything(change) ||
    (change.type === 'batch' &&
      (change.rows.some((row) => row.userId === userId) || isShortened(change) || isDecision(change)))

type Batch = Extract<Change, { type: 'batch' }>

export const deliveriesOf = ({ outcomes }: Batch): number =>
  Object.values(outcomes).reduce((sum, count) => sum + (count ?? 0), 0)

const isShortened = (batch: Batch): boolean => deliveriesOf(batch) > batch.rows.length
/** A person's decision has no deliveries. */
const isDecision = (batch: Batch): boolean => deliveriesOf(batch) === 0

/** Everything that the start page sums up. The number of connected users comes with its own message. */
export const summaryChanged: Concerns = (change) => anyDelivery(change) || change.type === 'endpoint'
