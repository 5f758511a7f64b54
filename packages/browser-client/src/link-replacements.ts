import type { ClientMessage } from '@paxyo/contracts'
import type { ClientError } from './client-error.ts'
import { toError, type LinkKind } from './link.ts'
import type { Links } from './links.ts'
import type { Timers } from './timers.ts'
import type { TransportChoice } from './transport-choice.ts'

export interface LinkReplacementsDeps {
  readonly links: Links
  readonly timers: Timers<'replace'>
  readonly choice: TransportChoice
  /** The current token. */
  readonly token: () => string | undefined
  readonly hello: (token: string) => ClientMessage
  readonly onTokenRejected: (error: ClientError) => void
}

/**
 * Replaces the link when something has to be sent on a stream, on which nothing can be sent: each stream begins with a
 * request. The page stays live meanwhile.
 */
export interface LinkReplacements {
  /** Opens another link from the position, with the current token, which may be a new one. */
  replace(kind: LinkKind, isRefresh: boolean): void
  /** Replaces it at that time, or earlier. */
  replaceBy(atMs: number): void
  /** Sends a message after `hello`: on a stream, with the `hello` of the next one. */
  send(message: ClientMessage): void
  end(): void
}

const RETRY_MS = 5_000
const TOKEN_ERRORS: ReadonlySet<string> = new Set(['invalid_token', 'token_expired', 'token_not_yet_valid'])

export function createLinkReplacements(deps: LinkReplacementsDeps): LinkReplacements {
  const { links, timers, choice, token, hello, onTokenRejected } = deps
  /** Messages that wait for the next stream. */
  const unsent: ClientMessage[] = []

  function replace(kind: LinkKind, isRefresh: boolean): void {
    timers.clear('replace')
    const value = token()
    if (value === undefined) return
    links.replace({
      kind,
      // A WebSocket gets the others when it has taken over.
      messages: () => [hello(value), ...(kind === 'stream' ? unsent : [])],
      onTakenOver(sent) {
        const rest = unsent.splice(0).filter((message) => !sent.includes(message))
        for (const message of rest) send(message)
      },
      onFailed(end, message) {
        if (kind === 'websocket') choice.blocked()
        const error = toError(end, message)
        if (isRefresh && TOKEN_ERRORS.has(error.code)) return onTokenRejected(error)
        timers.set('replace', Date.now() + RETRY_MS, () => replace(choice.kind, isRefresh))
      },
    })
  }

  function send(message: ClientMessage): void {
    if (links.kind !== 'stream') return links.send(message)
    unsent.push(message)
    replace('stream', false)
  }

  return {
    replace,
    replaceBy(atMs) {
      const dueAtMs = Math.min(atMs, timers.dueAtMs('replace') ?? Infinity)
      timers.set('replace', dueAtMs, () => replace(choice.kind, false))
    },
    send,
    end() {
      unsent.length = 0
      timers.clear('replace')
    },
  }
}
