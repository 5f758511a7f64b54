import type { ServerMessage } from '@paxyo/contracts'
import { eventually } from './eventually.ts'

type MessageOf<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>

/** What a client of the plain protocol has received, over whichever transport. */
export interface TestInbox {
  /** All received messages in order, without pings, which arrive at any time; parsed and as text. */
  readonly messages: ServerMessage[]
  readonly frames: string[]
  /** How many pings were received. */
  readonly pings: number
  /** Waits for the first matching message of a type that was not returned before. */
  next<Type extends ServerMessage['type']>(
    type: Type,
    fits?: (message: MessageOf<Type>) => boolean,
    timeoutMs?: number,
  ): Promise<MessageOf<Type>>
  events(): MessageOf<'event'>[]
  /** Waits for the connection to be closed by the server. */
  closed(timeoutMs?: number): Promise<{ code: number; reason: string }>
}

export interface WritableInbox extends TestInbox {
  /** @returns whether it was a ping. */
  receive(text: string): boolean
  end(closed: { code: number; reason: string }): void
}

export function createInbox(): WritableInbox {
  const messages: ServerMessage[] = []
  const frames: string[] = []
  const returned = new Set<ServerMessage>()
  let pings = 0
  let closed: { code: number; reason: string } | undefined
  return {
    messages,
    frames,
    get pings() {
      return pings
    },
    receive(text) {
      const message = JSON.parse(text) as ServerMessage
      if (message.type === 'ping') {
        pings += 1
        return true
      }
      messages.push(message)
      frames.push(text)
      return false
    },
    end(how) {
      closed ??= how
    },
    next: (type, fits = () => true, timeoutMs) =>
      eventually(() => {
        const found = messages.find(
          (message): message is MessageOf<typeof type> =>
            message.type === type && !returned.has(message) && fits(message as MessageOf<typeof type>),
        )
        if (found !== undefined) returned.add(found)
        return found
      }, timeoutMs),
    events: () => messages.filter((message) => message.type === 'event'),
    closed: (timeoutMs) => eventually(() => closed, timeoutMs),
  }
}
