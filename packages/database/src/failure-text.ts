/** What to tell an operator of a failure. A host with several addresses fails with no message but those of each. */
export function failureText(error: unknown): string {
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [error as Error]
  return errors.map(({ message }) => message).join(', ')
}
