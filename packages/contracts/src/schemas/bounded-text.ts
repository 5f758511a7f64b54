import { z } from 'zod'

/**
 * Text of at most `max` UTF-16 units that fits `pattern`. The length is checked first, and a text that is too long meets
 * no pattern: zod runs every check otherwise, and an expression over megabytes keeps the whole process waiting.
 *
 * @param wanted what a text that does not fit is told, such as `must be a code such as "USD"`.
 */
export function boundedText(max: number, pattern: RegExp, wanted: string): z.ZodString {
  return z.string(wanted).max(max, { abort: true }).regex(pattern, wanted)
}
