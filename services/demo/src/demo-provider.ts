import { startSimulator, type Simulator, type SimulatorOptions, type WebhookShapeName } from '@paxyo/provider-simulator'

/** Those that tell of everything: the page shows how much of an order is left. */
const SHAPES: readonly WebhookShapeName[] = ['text', 'numbers', 'costs', 'order', 'list', 'by_id', 'orders', 'form']
/** Somebody waits in front of the page. */
const RETRY = { attemptsMax: 3, timeoutMs: 10_000 }

export type DemoProviderOptions = Pick<SimulatorOptions, 'proof' | 'host' | 'port' | 'apiKey'> & {
  /** Where webhook-ingest answers. */
  readonly url: string
}

/** Plays GodOfPanel, on a port of this machine alone unless told otherwise: it calls our webhook as the real one does. */
export function startDemoProvider({ url, ...options }: DemoProviderOptions): Promise<Simulator> {
  return startSimulator({
    ...options,
    webhookUrl: `${url}/webhooks/godofpanel`,
    shapes: SHAPES,
    retry: RETRY,
    // In their order, so that every one of them changes something.
    connectionsMax: 1,
  })
}

/** Waits until what the provider had to say was taken. @throws Error when it was not. */
export async function untilTaken(provider: Simulator): Promise<void> {
  await provider.idle()
  const last = provider.deliveries.newest.at(-1)
  if (last?.state !== 'given_up') return
  const answer = last.attempts.at(-1)?.answer
  throw new Error(`the demo's webhooks are not taken (${answer}): do without the demo, or let them in`)
}
