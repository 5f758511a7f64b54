import { z } from 'zod'

/** Every status an order can have, in the order in which an undisturbed order passes them. */
export const ORDER_STATUSES = [
  'pending',
  'processing',
  'in_progress',
  'completed',
  'partial',
  'canceled',
  'failed',
] as const

export const orderStatusSchema = z.enum(ORDER_STATUSES)

export type OrderStatus = z.infer<typeof orderStatusSchema>

/** The statuses of an order that the provider is still working on. */
export const OPEN_STATUSES = ['pending', 'processing', 'in_progress'] as const satisfies readonly OrderStatus[]
