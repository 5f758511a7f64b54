export interface AuditLimits {
  /** The most violations that each check returns. */
  readonly rowsMax: number
  readonly outboxAgeS: number
  readonly parkedAgeS: number
  readonly reviewAgeS: number
}

/** A query that must return no rows. Each row is a violation: its subject, and what {@link describe} makes. */
export interface AuditCheck {
  readonly name: string
  /** The invariant that holds when there is no violation. */
  readonly title: string
  readonly sql: (limits: AuditLimits) => string
}
