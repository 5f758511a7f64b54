import { v7 as uuidv7 } from 'uuid'

/** Makes an id that no other process makes; ids sort by the time they were made. */
export type NewId = () => string

const RANDOM_BYTES_PER_ID = 16
const random = new Uint8Array(256 * RANDOM_BYTES_PER_ID)
let used = random.length

/** The time of the last id in milliseconds, and its place among those of the same millisecond. */
let msecs = 0
let seq = 0

/** Makes an id that no other process makes (UUIDv7); those of one process sort in the order in which they were made. */
export function newId(): string {
  const bytes = nextRandom()
  const now = Date.now()
  if (now > msecs) {
    msecs = now
    // 31 bits of the 32 that there are, so that counting on never overflows.
    seq = ((bytes[6]! & 0x7f) << 24) | (bytes[7]! << 16) | (bytes[8]! << 8) | bytes[9]!
  } else seq += 1
  return uuidv7({ msecs, seq, random: bytes })
}

/** Random bytes are fetched for many ids at once: a call of the system costs more than the rest of an id. */
function nextRandom(): Uint8Array {
  if (used === random.length) {
    crypto.getRandomValues(random)
    used = 0
  }
  used += RANDOM_BYTES_PER_ID
  return random.subarray(used - RANDOM_BYTES_PER_ID, used)
}
