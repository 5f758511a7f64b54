import { v7 as uuidv7 } from 'uuid'

/** Creates a globally unique id; ids sort by their creation time. */
export type NewId = () => string

const RANDOM_BYTES_PER_ID = 16
const random = new Uint8Array(256 * RANDOM_BYTES_PER_ID)
let used = random.length

/** The time of the last id in milliseconds, and its counter, which starts at a random number in each millisecond. */
let msecs = 0
let seq = 0

/**
 * Creates a globally unique id (UUIDv7); ids of one process sort in the order of their creation.
 *
 * @example
 * newId() < newId() //=> true
 */
export function newId(): string {
  const bytes = nextRandom()
  const now = Date.now()
  if (now > msecs) {
    msecs = now
    // 31 of the 32 bits, so that incrementing never overflows.
    seq = ((bytes[6]! & 0x7f) << 24) | (bytes[7]! << 16) | (bytes[8]! << 8) | bytes[9]!
  } else seq += 1
  return uuidv7({ msecs, seq, random: bytes })
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/**
 * Whether an id can be received again, rather than being the result of {@link newId} alone.
 *
 * @example
 * isRepeatable(newId()) //=> false
 * isRepeatable('msg_1:0:3q2-7wAAAAAAAAAA') //=> true
 */
export const isRepeatable = (id: string): boolean => !UUID.test(id)

/** Random bytes are fetched for many ids at once: a system call costs more than the rest of an id. */
function nextRandom(): Uint8Array {
  if (used === random.length) {
    crypto.getRandomValues(random)
    used = 0
  }
  used += RANDOM_BYTES_PER_ID
  return random.subarray(used - RANDOM_BYTES_PER_ID, used)
}
