/**
 * Work that many clients may ask for: it runs once at a time, and its result serves every request within a while. A failure
 * is passed to those who waited for it, and not kept.
 *
 * @param keepMs how long a result is current, from its end.
 */
export function runShared<Result>(
  work: () => Promise<Result>,
  { keepMs, now }: { readonly keepMs: number; readonly now: () => number },
): () => Promise<Result> {
  let running: Promise<Result> | undefined
  let kept: { readonly result: Result; readonly until: number } | undefined

  async function run(): Promise<Result> {
    try {
      const result = await work()
      kept = { result, until: now() + keepMs }
      return result
    } finally {
      running = undefined
    }
  }

  return async () => {
    if (kept !== undefined && now() < kept.until) return kept.result
    running ??= run()
    return running
  }
}
