/**
 * Keeps one link, and replaces it without an interruption.
 *
 * It guarantees that messages come from the current link only, and that a link is replaced only by one that has had its
 * `welcome`: until then the page stays live on the link before. A replacement that fails changes nothing.
 *
 * How: the replacement resumes from the page's position. Its messages are held until it takes over; events that both have
 * delivered are known by their seq. A replacement by a WebSocket must also have lived for some seconds, because some
 * networks end these soon.
 *
 * Without it, a page behind a proxy that blocks WebSockets would be reconnecting at each refresh of its token.
 */
import type { ClientMessage } from '@paxyo/contracts'
import type { Link, LinkEnd, LinkHandlers, LinkKind } from './link.ts'
import { readMessage, type ReceivedMessage } from './wire.ts'

export interface LinksDeps {
  /** @throws when the browser forbids it. */
  readonly openLink: (kind: LinkKind, handlers: LinkHandlers) => Link
  readonly onOpen: () => void
  /** undefined for a message that could not be read. */
  readonly onMessage: (message: ReceivedMessage | undefined) => void
  readonly onEnd: (end: LinkEnd) => void
}

export interface Replacement {
  readonly kind: LinkKind
  /** Called when it is open: `hello` first. */
  readonly messages: () => readonly ClientMessage[]
  /** Called before its messages are passed on. */
  readonly onTakenOver: (sent: readonly ClientMessage[]) => void
  /** It has ended before it took over; with the server's message, if there was one. */
  readonly onFailed: (end: LinkEnd, message: string | undefined) => void
}

export interface Links {
  /** Of the current link. */
  readonly kind: LinkKind | undefined
  /** @throws when the browser forbids it. */
  open(kind: LinkKind): void
  replace(replacement: Replacement): void
  send(message: ClientMessage): void
  close(): void
}

/** How long a replacement may take for what it missed, before it takes over nevertheless. */
const CATCH_UP_MS_MAX = 1_000

const SETTLE_MS: Readonly<Record<LinkKind, number>> = { websocket: 3_000, stream: 0 }

export function createLinks({ openLink, onOpen, onMessage, onEnd }: LinksDeps): Links {
  let current: Link | undefined
  let next: Link | undefined

  function abandonNext(): void {
    next?.close()
    next = undefined
  }

  function replace({ kind, messages, onTakenOver, onFailed }: Replacement): void {
    abandonNext()
    let sent: readonly ClientMessage[] = []
    const held: (ReceivedMessage | undefined)[] = []
    const link = openLink(kind, {
      onOpen: () => link.send(...(sent = messages())),
      onMessage(data) {
        const message = readMessage(data)
        if (link === current) return onMessage(message)
        held.push(message)
        if (message?.type === 'ping') link.send({ type: 'pong' })
        const isCatchingUp = held[0]?.type === 'delayed'
        const settleMs = Math.max(SETTLE_MS[kind], isCatchingUp ? CATCH_UP_MS_MAX : 0)
        if (message?.type === 'live' && isCatchingUp && SETTLE_MS[kind] === 0) return takeOver()
        if (message?.type !== 'welcome') return
        if (settleMs === 0) takeOver()
        else setTimeout(takeOver, settleMs)
      },
      onEnd(end) {
        if (link === current) return onEnd(end)
        if (link !== next) return
        next = undefined
        const error = held.find((message) => message?.type === 'error')
        onFailed(end, error?.message)
      },
    })
    next = link

    function takeOver(): void {
      if (link !== next) return
      current?.close()
      current = link
      next = undefined
      // Before its messages: one of them may be the response to what was sent.
      onTakenOver(sent)
      // The link before may have been delayed, and this one not.
      let delay: ReceivedMessage | undefined = { type: 'live' }
      for (const message of held) {
        if (message?.type === 'delayed' || message?.type === 'live') delay = message
        else if (message?.type !== 'ping') onMessage(message)
      }
      onMessage(delay)
    }
  }

  return {
    get kind() {
      return current?.kind
    },
    open(kind) {
      const link = openLink(kind, {
        onOpen,
        onMessage: (data) => onMessage(readMessage(data)),
        onEnd,
      })
      current = link
    },
    replace,
    send: (message) => current?.send(message),
    close() {
      abandonNext()
      current?.close()
      current = undefined
    },
  }
}
