import { boundedText } from '@paxyo/contracts'
import { z } from 'zod'
import { parseBody } from '../parse-body.ts'
import { ProviderError } from '@paxyo/order-core'

/** Providers write numbers as text or as numbers; `parseBody` makes text of both. */
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
    /** What 1,000 cost us: the provider's price, in the currency of `balance`. */
    rate: decimal,
    min: integer,
    max: integer,
    refill: flag.default(false),
    cancel: flag.default(false),
  }),
)
export type ProviderService = Readonly<z.output<typeof servicesSchema>[number]>

export const balanceSchema = z.object({ balance: decimal, currency: text })
/** What the panel has at the provider; a decimal string, which may be negative. */
export type ProviderBalance = Readonly<z.output<typeof balanceSchema>>

export const addedSchema = z.object({ order: boundedText(128, /^[\w-]{1,128}$/, 'must be an order id') })

const MESSAGE_MAX = 200
const WORDS_MAX = 80

/**
 * Reads an answer that is all or nothing.
 *
 * @throws ProviderError `refused` when it is `{error}`, `malformed_response` when it is something else than expected.
 */
export function readAnswer<T>(schema: z.ZodType<T>, answer: string, key: string): T {
  const value = readJson(answer, key)
  const refusal = readRefusal(value, key)
  if (refusal !== undefined) throw new ProviderError('rejected', refusal)
  const result = schema.safeParse(value)
  if (!result.success)
    throw new ProviderError('malformed_response', z.prettifyError(result.error).slice(0, MESSAGE_MAX))
  return result.data
}

export function readJson(answer: string, key: string): unknown {
  const body = parseBody('json', answer.replace(/^\uFEFF/, ''))
  if ('error' in body)
    throw new ProviderError('malformed_response', `not JSON: ${firstWords(answer, key)}`, { status: 200 })
  return body.value
}

/** What a response begins with, fit to be logged. A page of a proxy says by its title what is wrong. */
export function firstWords(answer: string, key: string): string {
  return `"${answer
    .replaceAll(key, '[key]')
    .replaceAll(/<[^>]{0,200}>/g, ' ')
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, WORDS_MAX)}"`
}

/** The words of `{error: "…"}`, fit to be logged; `undefined` when it is something else. */
export function readRefusal(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value) || typeof value.error !== 'string') {
    return undefined
  }
  return value.error.replaceAll(key, '[key]').replace(/\p{C}/gu, ' ').slice(0, MESSAGE_MAX)
}
