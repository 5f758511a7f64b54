import { boundedText, identifierSchema } from '@paxyo/contracts'

const NOTE_LENGTH_MAX = 2000

/** Who decided something, and why. */
export const decisionFields = {
  note: boundedText(NOTE_LENGTH_MAX, /^\s*[^\s\0][^\0]*$/, 'must say something, without NUL')
    .refine((text) => text.isWellFormed(), 'must not contain half a character')
    .describe('Why; whoever looks at it later reads this.'),
  actor: identifierSchema.optional().describe('Who decided it; the name of the API key when it is not given.'),
}
