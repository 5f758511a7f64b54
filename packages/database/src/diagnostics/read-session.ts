/** A database session that only reads. */
export interface ReadSession {
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
}
