import { v7 as uuidv7 } from 'uuid'

const RANDOM_BYTES_PER_ID = 16
const random = new Uint8Array(256 * RANDOM_BYTES_PER_ID)
let used = random.length

/** Makes an id that no other process makes (UUIDv7); ids sort by the millisecond in which they were made. */
export function newId(): string {
  return uuidv7({ rng: nextRandom })
}

/** Random bytes are fetched for many ids at once: each call of the system costs more than an id. */
function nextRandom(): Uint8Array {
  if (used === random.length) {
    crypto.getRandomValues(random)
    used = 0
  }
  used += RANDOM_BYTES_PER_ID
  return random.subarray(used - RANDOM_BYTES_PER_ID, used)
}
