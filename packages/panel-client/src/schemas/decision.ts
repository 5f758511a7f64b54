import { boundedText, identifierSchema } from '@paxyo/contracts'

const NOTE_LENGTH_MAX = 2000

/** The person who decides, and the reason. */
export const decisionFields = {
  note: boundedText(NOTE_LENGTH_MAX, /^\s*[^\s\0][^\0]*$/, 'must not be empty or contain NUL')
    .refine((text) => text.isWellFormed(), 'must not contain half a character')
    .describe('The reason for the decision.'),
  actor: identifierSchema.optional().describe('The person who decides; by default the name of the API key.'),
}
