export interface AuditLimits {
  /** The most violations that each check returns. */
  readonly rowsMax: number
  readonly outboxAgeS: number
  readonly parkedAgeS: number
  readonly reviewAgeS: number
}

/** One question whose answer must be no rows. `sql` selects two texts for each row that is off: what it is about,
 * and what does not agree. */
export interface AuditCheck {
  readonly name: string
  /** What holds when nothing is off. */
  readonly title: string
  readonly sql: (limits: AuditLimits) => string
}
