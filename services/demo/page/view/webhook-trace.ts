import type { OrderView } from '@paxyo/browser-client'
import { clockOffset, moreExact, type ClockOffset } from '../state/clock.ts'
import { t } from '../text/language.ts'
import { byId, setText } from './element.ts'
import { formatMs, formatOrder, formatStatusInText } from './format.ts'

export interface WebhookTraceView {
  /** The page has just applied an order's change, and the next frame shows it. */
  changed(seq: number, order: OrderView): void
}

/** The response of `/demo/trace/:seq`. */
interface TraceResponse {
  readonly requestedAt: number
  readonly respondedAt: number
  readonly isMoving: boolean
  readonly hops?: { readonly receivedAt: number; readonly committedMs: number; readonly publishedMs: number }
}

const HOPS = ['received', 'committed', 'published', 'shown'] as const
/** The first requests of a page take longer. */
const CLOCK_REQUESTS = 3

const now = (): number => performance.timeOrigin + performance.now()

/** Shows when the last webhook passed each hop: the server measures the first three, the page measures the last. */
export function createWebhookTrace(): WebhookTraceView {
  let offset: ClockOffset | undefined
  let isAsking = false

  async function ask(seq: number): Promise<TraceResponse> {
    const sentMs = now()
    const response = await fetch(`/demo/trace/${seq}`)
    if (!response.ok) throw new Error(`no trace: ${response.status}`)
    // The time of the headers; reading the body takes longer.
    const receivedMs = now()
    const trace = (await response.json()) as TraceResponse
    offset = moreExact(
      offset,
      clockOffset({ sentMs, requestedMs: trace.requestedAt, respondedMs: trace.respondedAt, receivedMs }),
    )
    byId('trace-moving').hidden = !trace.isMoving
    return trace
  }

  async function measure(seq: number, order: OrderView): Promise<void> {
    await nextPaint()
    const shownMs = now()
    const { hops } = await ask(seq)
    if (hops === undefined || offset === undefined) return
    const shown = Math.max(hops.publishedMs, shownMs + offset.offsetMs - hops.receivedAt)
    show(order, [0, hops.committedMs, hops.publishedMs, shown])
  }

  async function compareClocks(): Promise<void> {
    for (let request = 0; request < CLOCK_REQUESTS; request += 1) await ask(0)
  }
  // The trace is an extra: without the server it is not updated.
  const ignore = (): void => undefined
  void compareClocks().catch(ignore)

  return {
    changed(seq, order) {
      // A hidden page shows nothing, and of many changes at once one is enough.
      if (document.hidden || isAsking) return
      isAsking = true
      void measure(seq, order)
        .catch(ignore)
        .finally(() => (isAsking = false))
    },
  }
}

/** The frame is on its way to the screen when the first task after it runs. */
const nextPaint = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))

function show(order: OrderView, timesMs: readonly number[]): void {
  const total = timesMs.at(-1)!
  setText(
    byId('trace-summary'),
    t('traceSummary', {
      order: `${formatOrder(order)}, ${formatStatusInText(order.status)}`,
      time: formatMs(total),
    }),
  )
  for (const [index, hop] of HOPS.entries()) {
    setText(byId(`trace-${hop}`), index === 0 ? formatMs(0) : `+${formatMs(timesMs[index]! - timesMs[index - 1]!)}`)
  }
}
