import { commonVariables, env, loadConfig } from '@paxyo/service-kit'

const INTERVAL_MS_MIN = 100
const INTERVAL_MS_MAX = 3_600_000
const KEY_LENGTH_MIN = 8

const variables = {
  /** The URL of webhook-ingest. */
  INGEST_URL: env
    .url('http', 'https')
    .refine((url) => !url.endsWith('/'), { error: 'must be without a path, such as http://webhook-ingest:8080' }),
  /** The same lists as webhook-ingest's; the first of each is used. */
  PANEL_API_KEYS: env.secrets(KEY_LENGTH_MIN),
  WEBHOOK_SECRETS: env.webhookSecrets,
  /** The gateway's URL, such as `wss://rt.example.com/ws`, if it has another origin than the page. */
  SOCKET_URL: env.url('wss', 'ws').optional(),
  AUTOPLAY_INTERVAL_MS: env.integer(INTERVAL_MS_MIN, INTERVAL_MS_MAX).default(3000),
  /** Reachable from this machine only by default: the page has no login. */
  HOST: env.text.default('127.0.0.1'),
  PORT: env.integer(0, 65_535).default(8083),
  /** The provider's port, and the key of its API and its commands; by default generated. */
  PROVIDER_PORT: env.integer(0, 65_535).default(8090),
  PROVIDER_KEY: env.text.min(KEY_LENGTH_MIN, `must have at least ${KEY_LENGTH_MIN} characters`).optional(),
  ...commonVariables,
}

/** @throws ConfigError listing everything that is wrong. */
export const loadDemoConfig = (environment: NodeJS.ProcessEnv) => loadConfig(variables, environment)
