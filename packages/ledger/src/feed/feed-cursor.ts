/** A reader's position in the changes feed or the refund feed: it has everything up to `position` of the given `epoch`. */
export interface FeedCursor {
  readonly epoch: string
  readonly position: number
}

/**
 * Formats a cursor as the text that readers keep.
 *
 * @example
 * const cursor = { epoch: '0123456789abcdef0123456789abcdef', position: 7 }
 * formatFeedCursor(cursor) //=> '0123456789abcdef0123456789abcdef.7'
 */
export function formatFeedCursor({ epoch, position }: FeedCursor): string {
  return `${epoch}.${position}`
}

/**
 * @returns undefined when the text is not from {@link formatFeedCursor}.
 * @example
 * parseFeedCursor('0123456789abcdef0123456789abcdef.7')?.position //=> 7
 * parseFeedCursor('7') //=> undefined
 */
export function parseFeedCursor(text: string): FeedCursor | undefined {
  const match = /^([0-9a-f]{32})\.(0|[1-9]\d{0,14})$/.exec(text)
  return match === null ? undefined : { epoch: match[1]!, position: Number(match[2]) }
}

/**
 * Why a server cannot be read by a reader of a cursor; undefined when it has everything up to there.
 *
 * @param end of the server's feed.
 * @example
 * whyUnusable({ epoch: 'one', position: 3 }, { epoch: 'one', position: 4 }) //=> 'cursor_ahead'
 */
export function whyUnusable(end: FeedCursor, cursor: FeedCursor): 'cursor_void' | 'cursor_ahead' | undefined {
  if (cursor.epoch !== end.epoch) return 'cursor_void'
  return cursor.position > end.position ? 'cursor_ahead' : undefined
}
