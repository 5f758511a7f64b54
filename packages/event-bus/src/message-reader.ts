export type MessageKind = 'message' | 'smessage'

export interface MessageReaderOptions {
  /** `smessage` on a connection with sharded pub/sub. */
  readonly kind: MessageKind
  /** So many bytes at the beginning of each channel are left out. */
  readonly prefixBytes: number
  readonly onMessage: (channel: string, payload: Buffer) => void
  /** Called with everything else: one or several replies, each of them complete. */
  readonly onReplies: (bytes: Buffer) => void
}

const LF = 0x0a
const CR = 0x0d
const DIGIT_0 = 0x30
const CRLF_BYTES = 2

/**
 * Takes the messages of pub/sub out of what Redis sends on one connection.
 *
 * It guarantees that messages and replies are handed on completely, once, and in the order in which they came, however the
 * network has split them.
 *
 * How: in RESP3 a message is a push of three strings, `>3 $7 message $2 ch $5 hello`, with a line break after each part. It
 * is recognized by its first bytes. Of every other reply only the end is looked for. An incomplete one is held until enough bytes
 * have come.
 */
export class MessageReader {
  readonly #options: MessageReaderOptions
  readonly #head: Buffer
  /** The next byte to read. Beyond the end of the bytes when a reply is incomplete. */
  #at = 0
  #held: Buffer[] = []
  #heldBytes = 0
  /** The least number of bytes that the held reply has. */
  #neededBytes = 0

  constructor(options: MessageReaderOptions) {
    this.#options = options
    this.#head = Buffer.from(`>3\r\n$${options.kind.length}\r\n${options.kind}\r\n$`)
  }

  read(chunk: Buffer): void {
    const bytes = this.#afterHeld(chunk)
    if (bytes === undefined) return
    const { prefixBytes, onMessage, onReplies } = this.#options
    /** Of the reply that is read. */
    let start = 0
    /** Where the replies begin that were read and not handed on. */
    let repliesAt = 0
    for (this.#at = 0; start < bytes.length; start = this.#at) {
      if (!beginsWith(bytes, start, this.#head)) {
        this.#skipReply(bytes)
        if (this.#at > bytes.length) break
        continue
      }
      this.#at += this.#head.length
      const channelBytes = this.#readNumber(bytes)
      const channelAt = this.#at
      // The type of the next string is one byte.
      this.#at += channelBytes + CRLF_BYTES + 1
      const payloadBytes = this.#readNumber(bytes)
      const payloadAt = this.#at
      this.#at += payloadBytes + CRLF_BYTES
      if (this.#at > bytes.length) break
      if (repliesAt < start) onReplies(bytes.subarray(repliesAt, start))
      repliesAt = this.#at
      onMessage(
        bytes.toString('utf8', channelAt + prefixBytes, channelAt + channelBytes),
        bytes.subarray(payloadAt, payloadAt + payloadBytes),
      )
    }
    if (repliesAt < start) onReplies(bytes.subarray(repliesAt, start))
    if (start < bytes.length) this.#hold(bytes.subarray(start), this.#at - start)
  }

  #hold(bytes: Buffer, neededBytes: number): void {
    this.#held = [bytes]
    this.#heldBytes = bytes.length
    this.#neededBytes = neededBytes
  }

  /** @returns what is held and the chunk; undefined when both are not enough. */
  #afterHeld(chunk: Buffer): Buffer | undefined {
    if (this.#heldBytes === 0) return chunk
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes < this.#neededBytes) return undefined
    const bytes = Buffer.concat(this.#held, this.#heldBytes)
    this.#held = []
    this.#heldBytes = 0
    return bytes
  }

  /** @returns the number in the rest of a line; any negative one for one with a minus, and for a line that is incomplete. */
  #readNumber(bytes: Buffer): number {
    let number = 0
    for (let at = this.#at; at < bytes.length; at += 1) {
      const byte = bytes[at]!
      if (byte === LF) {
        this.#at = at + 1
        return number
      }
      if (byte !== CR) number = number * 10 + byte - DIGIT_0
    }
    this.#at = bytes.length + 1
    return -1
  }

  /** Skips a reply of any type, with those that are in it. */
  #skipReply(bytes: Buffer): void {
    for (let left = 1; left > 0 && this.#at <= bytes.length; left -= 1) {
      const type = String.fromCharCode(bytes[this.#at] ?? 0)
      this.#at += 1
      const count = this.#readNumber(bytes)
      // Null is a string or an array of length -1 in RESP2.
      if (count < 0) continue
      if ('$=!'.includes(type)) this.#at += count + CRLF_BYTES
      else if ('*~>'.includes(type)) left += count
      else if (type === '%') left += 2 * count
    }
  }
}

function beginsWith(bytes: Buffer, at: number, head: Buffer): boolean {
  for (let index = 0; index < head.length; index += 1) if (bytes[at + index] !== head[index]) return false
  return true
}
