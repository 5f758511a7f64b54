import { z } from 'zod'

/**
 * Text of at most `max` UTF-16 units that matches `pattern`. The length is checked first, and a text that is too long
 * is not matched: otherwise zod runs every check, and a regular expression over megabytes blocks the whole process.
 *
 * @param wanted the error message, such as `must be a code such as "USD"`.
 * @example
 * const code = boundedText(3, /^[A-Z]{3}$/, 'must be a code such as "USD"')
 * code.safeParse('USD').success //=> true
 * code.safeParse('dollars').success //=> false
 */
export function boundedText(max: number, pattern: RegExp, wanted: string): z.ZodString {
  return z.string(wanted).max(max, { abort: true }).regex(pattern, wanted)
}
