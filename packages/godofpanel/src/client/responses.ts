import { boundedText } from '@paxyo/contracts'
import { z } from 'zod'
import { parseBody } from '../parse-body.ts'
import { ProviderError } from '@paxyo/order-core'

/** Providers send numbers as text or as numbers; `parseBody` converts both to text. */
const integer = boundedText(15, /^\d{1,15}$/, 'must be a whole number').transform(Number)
const decimal = boundedText(47, /^-?\d{1,15}(\.\d{1,30})?$/, 'must be a decimal number')
const flag = z
  .union([z.boolean(), z.string()])
  .transform((value) => value === true || value === '1' || value === 'true')

const TEXT_MAX = 4096
const text = z.string().max(TEXT_MAX)

export const servicesSchema = z.array(
  z.object({
    service: text,
    name: text,
    type: text.default('Default'),
    category: text.default(''),
    /** The provider's price for 1,000, in the currency of `balance`. */
    rate: decimal,
    min: integer,
    max: integer,
    refill: flag.default(false),
    cancel: flag.default(false),
  }),
)
export type ProviderService = Readonly<z.output<typeof servicesSchema>[number]>

export const balanceSchema = z.object({ balance: decimal, currency: text })
/** The panel's balance at the provider; a decimal string, which may be negative. */
export type ProviderBalance = Readonly<z.output<typeof balanceSchema>>

export const addedSchema = z.object({ order: boundedText(128, /^[\w-]{1,128}$/, 'must be an order id') })

const MESSAGE_MAX = 200
const WORDS_MAX = 80

/**
 * Reads the response to a request that succeeds or fails as a whole.
 *
 * @throws ProviderError `rejected` when it is `{error}`, `malformed_response` when it does not fit the schema.
 */
export function readResponse<T>(schema: z.ZodType<T>, response: string, key: string): T {
  const value = readJson(response, key)
  const errorMessage = readErrorMessage(value, key)
  if (errorMessage !== undefined) throw new ProviderError('rejected', errorMessage, { status: 200 })
  const result = schema.safeParse(value)
  if (!result.success)
    throw new ProviderError('malformed_response', z.prettifyError(result.error).slice(0, MESSAGE_MAX), { status: 200 })
  return result.data
}

export function readJson(response: string, key: string): unknown {
  const body = parseBody('json', response.replace(/^\uFEFF/, ''))
  if ('error' in body) {
    throw new ProviderError('malformed_response', `not JSON: ${firstWords(response, key)}`, { status: 200 })
  }
  return body.value
}

/** The beginning of a response, safe to log. The title of a proxy's page says what is wrong. */
export function firstWords(response: string, key: string): string {
  return `"${response
    .replaceAll(key, '[key]')
    .replaceAll(/<[^<>]*>/g, ' ')
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, WORDS_MAX)}"`
}

/** The text of `{error: "…"}`, safe to log; `undefined` when the response is not an error. */
export function readErrorMessage(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value) || typeof value.error !== 'string') {
    return undefined
  }
  return value.error.replaceAll(key, '[key]').replace(/\p{C}/gu, ' ').slice(0, MESSAGE_MAX)
}
