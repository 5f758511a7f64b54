import type { Identity, TokenRejection, TokenVerifier } from '../auth/token-verifier.ts'

export interface SessionDeps {
  readonly verifyToken: TokenVerifier
  /** In ms since 1970: what tokens are measured by. */
  readonly wallClock: () => number
  /** Whether a token of a user is revoked, by the database. */
  readonly isTokenRevoked: (userId: string, tokenId: string) => Promise<boolean>
}

/**
 * The result of a `refresh`. A rejected token leaves the connection open until its present token ends. Two results close it
 * at once: a token of another user, and too many invalid tokens from the same address.
 */
export type RefreshOutcome = 'refreshed' | 'other_user' | 'token_revoked' | 'unavailable' | TokenRejection

/** The user of one connection, and its present token: the connection ends when this token does. */
export class Session {
  readonly #deps: SessionDeps
  /** Set by hello, and again by refresh. */
  #identity: Identity | undefined
  /** Tokens issued before it, in ms since 1970, are revoked. */
  #issuedAtMsMin = -Infinity

  constructor(deps: SessionDeps) {
    this.#deps = deps
  }

  get userId(): string | undefined {
    return this.#identity?.userId
  }

  get tokenId(): string | undefined {
    return this.#identity?.tokenId
  }

  /** The session begins with an identity that was verified. */
  begin(identity: Identity): void {
    this.#identity = identity
  }

  verify(token: string): Promise<Identity | TokenRejection> {
    return this.#deps.verifyToken(token, this.#deps.wallClock())
  }

  async refresh(token: string): Promise<RefreshOutcome> {
    const identity = await this.verify(token)
    if (typeof identity === 'string') return identity
    if (identity.userId !== this.userId) return 'other_user'
    const rejection = await this.#revocationOf(identity)
    if (rejection !== undefined) return rejection
    this.#identity = identity
    return 'refreshed'
  }

  isExpired(graceMs: number): boolean {
    return this.#identity !== undefined && this.#deps.wallClock() >= this.#identity.expiresAtMs + graceMs
  }

  /** Revokes the tokens that were issued before a time. @returns whether the session's is one of them. */
  revokeIssuedBefore(issuedBeforeMs: number): boolean {
    this.#issuedAtMsMin = Math.max(this.#issuedAtMsMin, issuedBeforeMs)
    return this.#identity !== undefined && this.#identity.issuedAtMs < this.#issuedAtMsMin
  }

  /** A join reads this with its stream. */
  async #revocationOf({ userId, tokenId, issuedAtMs }: Identity): Promise<'token_revoked' | 'unavailable' | undefined> {
    if (issuedAtMs < this.#issuedAtMsMin) return 'token_revoked'
    if (tokenId === undefined) return undefined
    try {
      return (await this.#deps.isTokenRevoked(userId, tokenId)) ? 'token_revoked' : undefined
    } catch {
      return 'unavailable'
    }
  }
}
