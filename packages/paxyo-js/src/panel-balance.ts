import type { OrderView } from '@paxyo/browser-client'

/** The page learns of a refund as soon as the panel's server does, so the panel may need a moment to credit it. */
const ATTEMPTS_MAX = 7
const FIRST_PAUSE_MS = 250
const BALANCE_CHARS_MAX = 100

/** What the panel's server responds. */
interface PanelBalance {
  /** As the page shows it. */
  readonly balance: string
  /** How much of the order is credited, if the server says so. */
  readonly refunded: string | undefined
}

export interface PanelBalanceOptions {
  /** `data-balance-url`. */
  readonly url: string
  readonly shown: () => string | null | undefined
  readonly onBalance: (balance: string) => void
  readonly warn: (message: string) => void
}

/**
 * Reads the balance that the panel keeps, after a refund: until the server says that the refund is credited, or until
 * the balance is another one. A request that fails is repeated likewise. A later refund replaces an earlier one that is still awaited.
 *
 * @returns a function to call for each refund, with its order.
 */
export function createPanelBalance({ url, shown, onBalance, warn }: PanelBalanceOptions): (order?: OrderView) => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let latest: OrderView | undefined

  async function read(order: OrderView | undefined, before: string | null | undefined, attempt: number): Promise<void> {
    const isCredited = await show(order, before).catch((error: unknown) => warn(String(error)))
    if (order === latest && isCredited !== true && attempt < ATTEMPTS_MAX) schedule(order, before, attempt + 1)
  }

  /** @returns whether the refund is part of the balance. */
  async function show(order: OrderView | undefined, before: string | null | undefined): Promise<boolean> {
    const { balance, refunded } = await fetchBalance(url, order?.orderId)
    if (order === latest) onBalance(balance)
    return order === undefined || (refunded === undefined ? balance !== before : refunded === order.refunded)
  }

  function schedule(order: OrderView | undefined, before: string | null | undefined, attempt: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => void read(order, before, attempt), FIRST_PAUSE_MS * 2 ** (attempt - 1))
  }

  return (order) => {
    latest = order
    schedule(order, shown(), 1)
  }
}

/** @throws Error with a message for the page's developer. */
async function fetchBalance(url: string, orderId: string | undefined): Promise<PanelBalance> {
  const target = new URL(url)
  if (orderId !== undefined) target.searchParams.set('orderId', orderId)
  const response = await fetch(target.href, { credentials: 'same-origin', cache: 'no-store' })
  if (!response.ok) throw new Error(`data-balance-url responded ${response.status}`)
  const found = readBalance(await response.text())
  if (found === undefined) throw new Error('data-balance-url returned neither {"balance":"…"} nor a balance as text')
  return found
}

/** Reads `{"balance":"…"}`, with `refunded` or without, or a bare text; undefined when it is neither. */
export function readBalance(body: string): PanelBalance | undefined {
  const text = body.trim()
  const { balance, refunded } = text.startsWith('{') ? parse(text) : { balance: text }
  const isText = typeof balance === 'string' || typeof balance === 'number'
  // A page of HTML, such as that of a login, is not a balance.
  if (!isText || balance === '' || `${balance}`.length > BALANCE_CHARS_MAX || `${balance}`.includes('<'))
    return undefined
  return { balance: `${balance}`, refunded: typeof refunded === 'string' ? refunded : undefined }
}

function parse(json: string): { balance?: unknown; refunded?: unknown } {
  try {
    return JSON.parse(json) as { balance?: unknown; refunded?: unknown }
  } catch {
    return {}
  }
}
