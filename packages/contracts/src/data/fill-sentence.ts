/** The values of a sentence, by name. */
export type SentenceValues = Readonly<Record<string, string | number>>

/**
 * Replaces `{name}` by the value of that name.
 *
 * @example
 * fillSentence('{count} batches wait', { count: 3 }) //=> '3 batches wait'
 */
export const fillSentence = (sentence: string, values: SentenceValues): string =>
  sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
