import { startSimulator, type Simulator, type SimulatorOptions, type WebhookShapeName } from '@paxyo/provider-simulator'

/** The shapes that contain all fields: the page shows how much of an order remains. */
const SHAPES: readonly WebhookShapeName[] = ['text', 'numbers', 'costs', 'order', 'list', 'by_id', 'orders', 'form']
/** A user is waiting for the page. */
const RETRY = { attemptsMax: 3, timeoutMs: 10_000 }

export type DemoProviderOptions = Pick<SimulatorOptions, 'authentication' | 'host' | 'port' | 'apiKey'> & {
  /** The URL of webhook-ingest. */
  readonly url: string
}

/** Starts a simulator of GodOfPanel that calls our webhook. By default it is reachable from this machine only. */
export function startDemoProvider({ url, ...options }: DemoProviderOptions): Promise<Simulator> {
  return startSimulator({
    ...options,
    webhookUrl: `${url}/webhooks/godofpanel`,
    shapes: SHAPES,
    retry: RETRY,
    // In order, so that each webhook changes something.
    connectionsMax: 1,
  })
}

/** Waits until webhook-ingest has acknowledged the provider's webhooks. @throws Error when it has not. */
export async function untilAcknowledged(provider: Simulator): Promise<void> {
  await provider.idle()
  const last = provider.deliveries.newest.at(-1)
  if (last?.state !== 'given_up') return
  const result = last.attempts.at(-1)?.result
  throw new Error(`webhook-ingest does not accept the demo's webhooks (${result}): turn the demo off, or allow them`)
}
