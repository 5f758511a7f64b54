import { z } from 'zod'
import { boundedText } from './bounded-text.ts'

/**
 * An identifier of the panel or the provider: 1 to 128 printable characters, without spaces at the start or end.
 * Control characters are rejected, because PostgreSQL cannot store NUL and a log entry must stay on one line.
 */
export const identifierSchema = boundedText(
  128,
  /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u,
  'must be printable, without spaces at its ends',
).min(1)

/** Twelve digits, the point, eight digits. */
const MONEY_LENGTH_MAX = 21
const MONEY_WANTED = 'must be a decimal string such as "2.50"'

/** A non-negative amount as a decimal string: at most 12 digits before the point and 8 after it. Never a float. */
export const moneySchema = boundedText(MONEY_LENGTH_MAX, /^\d{1,12}(?:\.\d{1,8})?$/, MONEY_WANTED)

/** A sum of any number of amounts. */
export const totalMoneySchema = boundedText(29, /^\d{1,20}(?:\.\d{1,8})?$/, MONEY_WANTED)

/** An amount above zero. */
export const positiveMoneySchema = boundedText(
  MONEY_LENGTH_MAX,
  /^(?!0+(?:\.0+)?$)\d{1,12}(?:\.\d{1,8})?$/,
  'must be a decimal string above zero such as "2.50"',
)

/** An ISO 4217 code, or another unit of 3 to 8 capital letters and digits that the panel uses. */
export const currencySchema = boundedText(8, /^[A-Z][A-Z0-9]{2,7}$/, 'must be a code such as "USD"')

/** A point in time, ISO 8601 in UTC. */
export const timestampSchema = z.iso.datetime()

/** An event's place in its user's stream: 1, 2, 3 … without gaps; 0 is before the first event. */
export const seqSchema = z.int().nonnegative()
