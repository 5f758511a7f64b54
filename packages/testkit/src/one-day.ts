import { setTimeout as sleep } from 'node:timers/promises'

const DAY_MS = 86_400_000
const MARGIN_MS = 30_000

/** Waits for the next UTC day when this one ends soon: for tests that depend on the current day. */
export async function stayWithinOneDay(): Promise<void> {
  const leftMs = DAY_MS - (Date.now() % DAY_MS)
  if (leftMs < MARGIN_MS) await sleep(leftMs + 1)
}
