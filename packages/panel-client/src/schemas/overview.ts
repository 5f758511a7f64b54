import {
  boundedText,
  currencySchema,
  identifierSchema,
  orderStatusSchema,
  RECORDED_OUTCOMES,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { providerNameSchema } from './provider-name.ts'

const countSchema = z.int().nonnegative()
const sumSchema = z.object({ amount: z.string().describe('A decimal string.'), count: countSchema })

const timeZone = z
  .string()
  .max(64)
  .default('UTC')
  .describe('Where days begin at midnight, such as `Europe/Berlin`; UTC when it is unknown.')
const usedTimeZone = z.string().describe('The time zone that was used.')

export const searchQuery = z.strictObject({
  q: boundedText(512, /^[^\p{C}]+$/u, 'must be printable').describe(
    'An order id, a provider order id, a user id, or the beginning of a link, with or without `https://`.',
  ),
})

/** The response of `GET /v1/search`. */
export const searchResultSchema = z.object({
  orders: z.array(
    z.object({
      orderId: identifierSchema,
      provider: z.string().nullable(),
      providerOrderId: identifierSchema.nullable(),
      userId: identifierSchema,
      service: z.string(),
      link: z.string(),
      status: orderStatusSchema,
      createdAt: timestampSchema,
      match: z.enum(['orderId', 'providerOrderId', 'link']).describe('What was found.'),
    }),
  ),
  users: z.array(z.object({ userId: identifierSchema, balance: z.string(), currency: currencySchema })),
  hasMore: z.boolean().describe('Whether further orders match; a longer link finds fewer.'),
})
z.globalRegistry.add(searchResultSchema, { id: 'SearchResult' })

export const todayQuery = z.strictObject({ timeZone })

/** The response of `GET /v1/summary/today`. */
export const todaySchema = z.object({
  at: timestampSchema.describe("Of the database's clock."),
  timeZone: usedTimeZone,
  webhooks: z.object({
    lastAt: timestampSchema.nullable().describe('When the last delivery that was not a duplicate arrived.'),
    lastMinute: countSchema.describe('Deliveries of the last 60 seconds.'),
  }),
  refunds: z
    .array(
      z.object({
        currency: currencySchema,
        today: sumSchema,
        yesterdayUntilNow: sumSchema.describe('Until the same time of day, for a fair comparison.'),
        yesterday: sumSchema,
      }),
    )
    .describe('One for each currency with refunds yesterday or today.'),
  reviews: z.object({ open: countSchema, oldestAt: timestampSchema.nullable() }),
  endpoints: z.object({
    enabled: countSchema,
    failing: z
      .array(
        z.object({
          endpointId: z.string(),
          url: z.string(),
          since: timestampSchema.describe('When the oldest webhook was created that was not delivered since.'),
          lastError: z.string().nullable(),
          waiting: countSchema.describe('Webhooks that wait; at most 10,000 are counted.'),
        }),
      )
      .describe('Endpoints of outgoing webhooks whose last attempt has failed.'),
  }),
  online: z
    .object({ users: countSchema, connections: countSchema })
    .nullable()
    .describe('Null while the gateways cannot be reached.'),
})
z.globalRegistry.add(todaySchema, { id: 'Today' })

export const SUMMARY_DAYS_MAX = 31

export const daysQuery = z.strictObject({
  fromDay: z.iso.date().describe('The first day.'),
  toDay: z.iso
    .date()
    .describe(`The last day. At most ${SUMMARY_DAYS_MAX} days are summed up; later ones are left out.`),
  timeZone,
})

/** The response of `GET /v1/summary/days`. */
export const daysSchema = z.object({
  timeZone: usedTimeZone,
  refunds: z.array(
    z.object({
      day: z.iso.date(),
      currency: currencySchema,
      provider: z.string().nullable().describe('The provider of the order now; null when it has none.'),
      service: z.string(),
      amount: z.string(),
      count: countSchema,
    }),
  ),
  deliveries: z.array(z.object({ day: z.iso.date(), outcome: z.enum(RECORDED_OUTCOMES), count: countSchema })),
  hasMore: z
    .boolean()
    .describe('Whether refunds were left out, because there are too many services: ask for fewer days.'),
})
z.globalRegistry.add(daysSchema, { id: 'DaySummary' })

export const testWebhookBody = z.strictObject({
  provider: providerNameSchema,
})

/** The response of `POST /v1/test-webhook`. */
export const testWebhookSchema = z.object({
  orderId: identifierSchema.describe('The test order, of the user `paxyo-test`.'),
  isDelivered: z.boolean().describe('Whether the webhook was committed, and the order is completed.'),
  status: z.int().nullable().describe('Of the response; null without one.'),
  error: z.string().nullable(),
  tookMs: countSchema,
})
z.globalRegistry.add(testWebhookSchema, { id: 'TestWebhook' })

export const webhookAddressBody = z.strictObject({ provider: providerNameSchema })

/** The response of `POST /v1/webhook-address`. */
export const webhookAddressSchema = z.object({
  path: z.string().describe('What follows the host name.'),
  proof: z
    .enum(['token', 'signature', 'address', 'none'])
    .describe('What authenticates a webhook: the token in the path, a signature, or where it comes from.'),
})
z.globalRegistry.add(webhookAddressSchema, { id: 'WebhookAddress' })

export type WebhookAddress = z.infer<typeof webhookAddressSchema>
export type SearchResult = z.infer<typeof searchResultSchema>
export type Today = z.infer<typeof todaySchema>
export type TodayQuery = z.input<typeof todayQuery>
export type DaySummary = z.infer<typeof daysSchema>
export type DaysQuery = z.input<typeof daysQuery>
export type TestWebhookRequest = z.input<typeof testWebhookBody>
export type TestWebhook = z.infer<typeof testWebhookSchema>
