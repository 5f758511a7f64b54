import type { SecretKind } from '@paxyo/contracts/data'

/** How an installation runs; each has its place of secrets. */
export const DEPLOYMENTS = ['compose', 'kubernetes', 'systemd', 'standalone'] as const
export type Deployment = (typeof DEPLOYMENTS)[number]

export const VARIABLES: Readonly<Record<SecretKind, string>> = {
  webhook_tokens: 'WEBHOOK_TOKENS',
  panel_api_keys: 'PANEL_API_KEYS',
  jwt_secrets: 'JWT_SECRETS',
  redis_message_keys: 'REDIS_MESSAGE_KEYS',
}

/** The services that have a secret, in the order in which they get a new one: a gateway accepts it before it is used. */
const SERVICES: Readonly<Record<SecretKind, readonly string[]>> = {
  webhook_tokens: ['webhook-ingest'],
  panel_api_keys: ['webhook-ingest'],
  jwt_secrets: ['ws-gateway', 'webhook-ingest'],
  redis_message_keys: ['ws-gateway', 'webhook-ingest'],
}

type Step = 'add' | 'remove'

/** What a person runs, and what is written where. `NEW` and `OLD` stand for the secrets, which are in no command. */
export function commandsOf(deployment: Deployment, kind: SecretKind, step: Step): string {
  return WRITERS[deployment](kind, step).join('\n')
}

const valueOf = (step: Step): string => (step === 'add' ? 'NEW,OLD' : 'NEW')
const fileOf = (kind: SecretKind): string => VARIABLES[kind].toLowerCase().replaceAll('_', '-')

const WRITERS: Readonly<Record<Deployment, (kind: SecretKind, step: Step) => readonly string[]>> = {
  compose: (kind, step) => [
    `npm run secrets -- ${step === 'add' ? '--rotate' : '--retire'} ${fileOf(kind)}`,
    ...(kind === 'jwt_secrets' && step === 'add' ? ['npm run rollout -- ws-gateway'] : []),
    'npm run rollout',
  ],
  kubernetes: (kind, step) =>
    SERVICES[kind].flatMap((service) => [
      `kubectl -n paxyo patch secret paxyo-${service} --patch '{"stringData": {"${fileOf(kind)}": "${valueOf(step)}"}}'`,
      `kubectl -n paxyo rollout restart deployment/${service}`,
      `kubectl -n paxyo rollout status deployment/${service}`,
    ]),
  systemd: (kind, step) => [
    `# /etc/paxyo/secrets/${fileOf(kind)}`,
    valueOf(step),
    ...SERVICES[kind].map((service) => `systemctl restart paxyo-${service}`),
  ],
  standalone: (kind, step) => ['# .env', `${VARIABLES[kind]}=${valueOf(step)}`, 'systemctl restart paxyo'],
}
