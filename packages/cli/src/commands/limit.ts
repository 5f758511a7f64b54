import { InvalidArgumentError } from 'commander'

const LIMIT_MAX = 1_000_000

/** How many items a list shows. */
export function parseLimit(text: string): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit
  throw new InvalidArgumentError(`1 to ${LIMIT_MAX}.`)
}
