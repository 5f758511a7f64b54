import {
  createDemoActions,
  createDemoPanel,
  DEMO_USER,
  prepareDemo,
  registerDemoPage,
  startAutoplay,
  startDemoProvider,
  type Autoplay,
  type DemoActions,
} from 'demo'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { createTraceRecorder, type TraceRecorder } from './webhook-trace.ts'

const AUTOPLAY_INTERVAL_MS = 3_000
/** The simulated provider's; any other sender is the visitor. */
const PROVIDER_USER_AGENT = 'provider-simulator'

export interface StandaloneDemo {
  readonly recorder: TraceRecorder
  /** Adds the page, after the services' routes. */
  register(app: FastifyInstance): void
  /** Creates its orders, once the server listens. @returns the provider order id of the first order on the page. */
  prepare(): Promise<string>
}

export interface StandaloneDemoOptions {
  /** The address of this process. */
  readonly url: string
  readonly apiKey: string
  readonly webhookToken: string
  readonly log: Logger
}

/** The demo page and its provider. Orders change by themselves until a visitor presses a button or sends a webhook. */
export async function startDemo(
  { url, apiKey, webhookToken, log }: StandaloneDemoOptions,
  resources: AsyncDisposableStack,
): Promise<StandaloneDemo> {
  let autoplay: Autoplay | undefined
  let isTaken = false
  let isOpened = false
  function takeOver(): void {
    isTaken = true
    autoplay?.stop()
  }

  const panel = createDemoPanel({ url, apiKey, userId: DEMO_USER })
  const provider = resources.use(
    await startDemoProvider({ url, authentication: { kind: 'path', token: webhookToken } }),
  )
  const actions = createDemoActions({ panel, provider })
  const recorder = createTraceRecorder(DEMO_USER, (userAgent) => {
    if (userAgent !== PROVIDER_USER_AGENT) takeOver()
  })
  return {
    recorder,
    register(app) {
      registerDemoPage(app, {
        mintToken: () => panel.mintToken(),
        actions: stoppingFirst(actions, takeOver),
        trace: {
          find: (seq) => recorder.find(seq),
          get isMoving() {
            return autoplay?.isMoving ?? false
          },
        },
        onOpen() {
          isOpened = true
          autoplay?.wake()
        },
      })
    },
    async prepare() {
      const { orderId: sparedOrderId, providerOrderId } = await prepareDemo({ panel, provider })
      const intervalMs = AUTOPLAY_INTERVAL_MS
      autoplay = resources.use(startAutoplay({ panel, actions, intervalMs, log, random: Math.random, sparedOrderId }))
      if (isOpened) autoplay.wake()
      if (isTaken) autoplay.stop()
      return providerOrderId
    },
  }
}

/** The visitor's actions. */
function stoppingFirst(actions: DemoActions, stop: () => void): DemoActions {
  return {
    act(action, orderId) {
      stop()
      return actions.act(action, orderId)
    },
    burst(count) {
      stop()
      return actions.burst(count)
    },
    newOrder() {
      stop()
      return actions.newOrder()
    },
  }
}
