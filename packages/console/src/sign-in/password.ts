import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { createConcurrencyLimiter } from '@paxyo/service-kit'

// Argon2id with OWASP's parameters, by OpenSSL. A hash is kept in the PHC string format, with its parameters.

const derive = promisify(argon2)

const MEMORY_KIB = 19_456
const PASSES = 2
const HASH_BYTES = 32
const SALT_BYTES = 16

/** Hashing takes a core and 19 MB for a tenth of a second: guesses must not slow down webhooks. */
const CONCURRENT_MAX = 1
const WAITING_MAX = 20
const WAIT_MS_MAX = 5_000

export interface Passwords {
  /** @returns undefined when too many passwords are being hashed. */
  hash(password: string): Promise<string | undefined>
  /**
   * @param stored undefined takes as long as a wrong password.
   * @returns undefined when too many passwords are being hashed.
   */
  verify(password: string, stored: string | undefined): Promise<boolean | undefined>
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,3}),p=1\$([\w+/]{1,100})\$([\w+/]{1,100})$/

/** @param onBusy called for each password that is not hashed because too many are. */
export function createPasswords(onBusy: () => void): Passwords {
  const limiter = createConcurrencyLimiter(CONCURRENT_MAX, WAITING_MAX, WAIT_MS_MAX)

  async function run(password: string, salt: Buffer, memory: number, passes: number): Promise<Buffer | undefined> {
    const leave = await limiter.enter()
    if (leave === undefined) {
      onBusy()
      return undefined
    }
    try {
      const message = password.normalize('NFKC')
      return await derive('argon2id', { message, nonce: salt, parallelism: 1, tagLength: HASH_BYTES, memory, passes })
    } finally {
      leave()
    }
  }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES)
      const hash = await run(password, salt, MEMORY_KIB, PASSES)
      return hash && `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=1$${unpadded(salt)}$${unpadded(hash)}`
    },
    async verify(password, stored) {
      const parts = PHC.exec(stored ?? '')
      if (parts === null) {
        const done = await run(password, randomBytes(SALT_BYTES), MEMORY_KIB, PASSES)
        return done === undefined ? undefined : false
      }
      const [, memory, passes, salt, expected] = parts
      const hash = await run(password, Buffer.from(salt!, 'base64'), Number(memory), Number(passes))
      return hash && timingSafeEqual(hash, Buffer.from(expected!, 'base64'))
    },
  }
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/={1,2}$/, '')
