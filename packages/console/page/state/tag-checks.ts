import type { TextKey } from '../text/en.ts'

/** How the gateway responds to a page of this browser. */
export type SocketResult =
  | 'open'
  /** The gateway rejects pages of this page's origin. */
  | 'originNotAllowed'
  /** The gateway receives a request that is not a WebSocket's: the proxy does not forward the upgrade. */
  | 'notUpgraded'
  /** Something else responds. */
  | 'notForwarded'
  /** The proxy does not reach the gateway. */
  | 'down'
  | 'unreachable'

/** What the panel's token route gives this browser. */
export type TokenResult =
  | 'accepted'
  | 'rejected'
  /** The gateway could not be asked about it. */
  | 'given'
  | 'noRoute'
  | 'signedOut'
  | 'noToken'
  | 'unreachable'

/** The result of a test; the token is undefined where this page may not request it, because of another host. */
export interface TagResult {
  readonly script: 'served' | 'notForwarded' | 'unreachable'
  readonly socket: SocketResult
  readonly token: TokenResult | undefined
  /** Why the gateway rejects the token. */
  readonly rejection: string | undefined
}

export interface TagFacts {
  /** Undefined until the test has run. */
  readonly result: TagResult | undefined
  /** The origins of this page, and of the page that gets the tag. */
  readonly origin: string
  readonly panelOrigin: string
  readonly isLive: boolean
  /** Whether a page of the panel is connected now: then its origin and its token are accepted. */
  readonly isPageConnected: boolean
}

export interface TagCheck {
  readonly name: 'script' | 'wss' | 'origin' | 'token'
  /** `waiting` for a page of the panel. */
  readonly state: 'done' | 'open' | 'waiting'
  /** The sentence with the fix. */
  readonly fix: TextKey | undefined
}

const done = (name: TagCheck['name']): TagCheck => ({ name, state: 'done', fix: undefined })
const open = (name: TagCheck['name'], fix: TextKey): TagCheck => ({ name, state: 'open', fix })

/** What of the tag works: what this browser has tested, and what a connected page proves. */
export function tagChecks(facts: TagFacts): readonly TagCheck[] {
  const { result } = facts
  if (result === undefined) return []
  return [scriptCheck(result), socketCheck(result, facts), originCheck(result, facts), tokenCheck(result, facts)]
}

const scriptCheck = ({ script }: TagResult): TagCheck =>
  script === 'served' ? done('script') : open('script', `fixTag.${script}`)

/** A gateway that rejects an origin was reached; that WebSockets pass, the console's own one shows. */
function socketCheck({ socket }: TagResult, { isLive }: TagFacts): TagCheck {
  if (socket === 'open' || (socket === 'originNotAllowed' && isLive)) return done('wss')
  return open('wss', socket === 'originNotAllowed' ? 'fixTag.notUpgraded' : `fixTag.${socket}`)
}

/** A browser lets a page test its own origin only. */
function originCheck({ socket }: TagResult, { origin, panelOrigin, isPageConnected }: TagFacts): TagCheck {
  if (origin === panelOrigin) {
    if (socket === 'open') return done('origin')
    if (socket === 'originNotAllowed') return open('origin', 'fixTag.originNotAllowed')
  }
  return isPageConnected ? done('origin') : { name: 'origin', state: 'waiting', fix: 'fixTag.openPage' }
}

function tokenCheck({ token }: TagResult, { isPageConnected }: TagFacts): TagCheck {
  if (token === 'accepted') return done('token')
  if (token === undefined || token === 'given') {
    return isPageConnected ? done('token') : { name: 'token', state: 'waiting', fix: 'fixTag.openPage' }
  }
  return open('token', `fixTag.${token}`)
}
