import { parseSecret } from '@paxyo/standard-webhooks'

// A secret that a person made up can be guessed, whatever its length. The estimate is for telling those from random ones:
// it counts only what the characters before do not predict.

/** What an estimate must reach: 24 random letters and digits do, and so do 16 random bytes in hexadecimal. */
const BITS_MIN = 70

const KNOWN_WORDS = `
  password passwort passphrase secret geheim token apikey webhook provider panel paxyo godofpanel
  change replace example sample default admin root user login test demo dummy local dev prod your this
  that please letmein welcome dragon monkey iloveyou hunter2 qwertyuiop qwertz qwerty asdfghjkl asdf
  zxcvbnm random bytes least long value hello world foobar master private public server very super
  strong secure sign production with key jwt api whsec
`
const KNOWN_WORD = new RegExp(KNOWN_WORDS.trim().split(/\s+/).join('|'), 'gi')

/** A part of this length that occurs again was predictable. */
const REPEATED_LENGTH = 4

/** Estimates how many bits of a secret cannot be predicted. */
export function estimateBits(secret: string): number {
  const text = secret.replaceAll(KNOWN_WORD, '')
  const seen = new Set<string>()
  const counts = new Map<string, number>()
  let unpredicted = 0
  for (let index = 0; index < text.length; index += 1) {
    const repeated = text.slice(index - REPEATED_LENGTH + 1, index + 1)
    const isRepeated = index >= REPEATED_LENGTH - 1 && seen.has(repeated)
    seen.add(repeated)
    if (isRepeated || isInSequence(text, index)) continue
    unpredicted += 1
    counts.set(text[index]!, (counts.get(text[index]!) ?? 0) + 1)
  }
  // Shannon's entropy of the characters that remain.
  let bits = 0
  for (const count of counts.values()) bits += count * Math.log2(unpredicted / count)
  return bits
}

/** Whether a character continues a run, such as `aaa`, `abc` or `321`. */
function isInSequence(text: string, index: number): boolean {
  if (index < 2) return false
  const step = text.charCodeAt(index) - text.charCodeAt(index - 1)
  return Math.abs(step) <= 1 && step === text.charCodeAt(index - 1) - text.charCodeAt(index - 2)
}

/** Whether a secret, in the notation of its variable, is too easy to guess. */
export function isWeakSecret(secret: string): boolean {
  // The bytes count, not their base64, in which a text looks random.
  const key = parseSecret(secret)
  return estimateBits(key === undefined ? secret : key.toString('latin1')) < BITS_MIN
}

/**
 * Describes secrets that are too easy to guess. The texts do not repeat them.
 *
 * @param name of the variable.
 * @example
 * weakSecrets('API_KEY', ['aaaaaaaaaaaaaaaa']).length //=> 1
 */
export function weakSecrets(name: string, secrets: readonly string[]): string[] {
  const places = secrets.flatMap((secret, index) => (isWeakSecret(secret) ? [index + 1] : []))
  if (places.length === 0) return []
  const which = secrets.length === 1 ? 'it' : `number ${places.join(' and number ')}`
  const command = secrets.some((secret) => secret.startsWith('whsec_'))
    ? 'echo "whsec_$(openssl rand -base64 32)"'
    : 'openssl rand -hex 32'
  return [`${name}: ${which} can be guessed; use a random secret, such as the output of: ${command}`]
}
