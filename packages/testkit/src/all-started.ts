/**
 * Waits until all have started or failed, and throws the first failure only then: what starts together is registered for its end by
 * each start, and a stack of resources that is disposed of meanwhile would miss those that start later.
 */
export async function allStarted<T extends readonly Promise<unknown>[] | []>(
  starts: T,
): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(starts)
  return Promise.all(starts)
}
