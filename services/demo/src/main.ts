import { createHttpServer, createLogger, listen, registerHealth, runService } from '@paxyo/service-kit'
import { startAutoplay } from './autoplay.ts'
import { loadDemoConfig } from './config.ts'
import { createDemoActions } from './demo-actions.ts'
import { createDemoPanel } from './demo-panel.ts'
import { startDemoProvider } from './demo-provider.ts'
import { DEMO_USER, prepareDemo } from './demo.ts'
import { registerDemoPage } from './page-server/demo-page.ts'

await runService(async (resources) => {
  const config = loadDemoConfig(process.env)
  const log = createLogger('demo', config.LOG_LEVEL)
  const app = resources.use(createHttpServer({ log, trustProxy: config.TRUST_PROXY }))

  const panel = createDemoPanel({ url: config.INGEST_URL, apiKey: config.PANEL_API_KEYS[0]!, userId: DEMO_USER })
  const provider = resources.use(
    await startDemoProvider({
      url: config.INGEST_URL,
      authentication: { kind: 'signature', keys: config.WEBHOOK_SECRETS.slice(0, 1) },
      host: config.HOST,
      port: config.PROVIDER_PORT,
      ...(config.PROVIDER_KEY === undefined ? {} : { apiKey: config.PROVIDER_KEY }),
    }),
  )
  const actions = createDemoActions({ panel, provider })
  const autoplay = resources.use(
    startAutoplay({
      panel,
      actions,
      intervalMs: config.AUTOPLAY_INTERVAL_MS,
      log,
      random: Math.random,
    }),
  )

  registerDemoPage(app, {
    actions,
    ...(config.SOCKET_URL === undefined ? {} : { socketUrl: config.SOCKET_URL }),
    mintToken() {
      autoplay.wake()
      return panel.mintToken()
    },
  })
  let isPrepared = false
  registerHealth(app, {
    orders() {
      if (!isPrepared) throw new Error('the demo has no orders yet')
    },
  })
  const address = await listen(app, { host: config.HOST, port: config.PORT })
  await prepareDemo({ panel, provider })
  isPrepared = true
  log.info({ address }, 'listening')
})
