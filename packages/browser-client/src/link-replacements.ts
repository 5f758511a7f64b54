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
  replace(kind: LinkKind): void
  /** Replaces it at that time, or earlier. */
  replaceBy(atMs: number): void
  /** Sends a request, one at a time: on a stream, with the `hello` of the next one. */
  ask(request: ClientMessage): void
  /** The current link has sent a response. @returns whether it is the one that is waited for. */
  responded(): boolean
  end(): void
}

const RETRY_MS = 5_000
/** Only another token can help. */
const TOKEN_ERRORS: ReadonlySet<string> = new Set([
  'invalid_token',
  'token_expired',
  'token_not_yet_valid',
  'token_revoked',
])

export function createLinkReplacements(deps: LinkReplacementsDeps): LinkReplacements {
  const { links, timers, choice, token, hello, onTokenRejected } = deps
  /** What waits for its response. Each link asks again, because the one that it replaces does not respond any longer. */
  let request: ClientMessage | undefined
  /** What the current link was asked. */
  let asked: ClientMessage | undefined

  function replace(kind: LinkKind): void {
    timers.clear('replace')
    const value = token()
    if (value === undefined) return
    links.replace({
      kind,
      // A WebSocket is asked when it has taken over.
      messages: () => [hello(value), ...(kind === 'stream' && request !== undefined ? [request] : [])],
      onTakenOver([, sent]) {
        asked = sent
        if (request !== undefined && request !== asked) ask(request)
      },
      onFailed(end, message) {
        if (kind === 'websocket') choice.blocked()
        const error = toError(end, message)
        if (TOKEN_ERRORS.has(error.code)) return onTokenRejected(error)
        timers.set('replace', Date.now() + RETRY_MS, () => replace(choice.kind))
      },
    })
  }

  function ask(next: ClientMessage): void {
    request = next
    if (links.kind === 'stream') return replace('stream')
    asked = next
    links.send(next)
  }

  return {
    replace,
    replaceBy(atMs) {
      const dueAtMs = Math.min(atMs, timers.dueAtMs('replace') ?? Infinity)
      timers.set('replace', dueAtMs, () => replace(choice.kind))
    },
    ask,
    responded() {
      if (asked !== request) return false
      request = asked = undefined
      return true
    },
    end() {
      request = asked = undefined
      timers.clear('replace')
    },
  }
}
