import type { Review } from '@paxyo/panel-client'
import { textOf } from '../kit/language.ts'

/** Why a person must decide, in a sentence. */
export const reasonText = ({ reason, meaning }: Pick<Review, 'reason' | 'meaning'>): string =>
  textOf('reason', reason) ?? meaning
