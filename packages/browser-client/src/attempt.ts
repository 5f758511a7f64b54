/** Reads something that this environment may not have, or to which a browser may forbid access. */
export function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
