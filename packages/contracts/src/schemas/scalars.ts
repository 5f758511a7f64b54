import { z } from 'zod'

/**
 * An identifier chosen by the panel or the provider: 1 to 128 printable characters, no spaces at the ends.
 * Control characters are refused because PostgreSQL cannot store NUL and log lines must stay one line.
 */
export const identifierSchema = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u, 'must be printable, without spaces at its ends')

const MONEY_WANTED = 'must be a decimal string such as "2.50"'

/** A non-negative amount as a decimal string: at most 12 digits before the point and 8 after it. Never a float. */
export const moneySchema = z.string(MONEY_WANTED).regex(/^\d{1,12}(?:\.\d{1,8})?$/, MONEY_WANTED)

/** An ISO 4217 code, or another unit of 3 to 8 capital letters and digits that the panel keeps its books in. */
export const currencySchema = z.string().regex(/^[A-Z][A-Z0-9]{2,7}$/, 'must be a code such as "USD"')

/** A point in time, ISO 8601 in UTC. */
export const timestampSchema = z.iso.datetime()

/** An event's place in its user's stream: 1, 2, 3 … without gaps; 0 is the place before the first event. */
export const seqSchema = z.int().nonnegative()
