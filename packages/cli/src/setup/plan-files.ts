import { apacheConfig, caddyConfig, hostName, nginxConfig } from '@paxyo/web-server'
import type { Choices } from './choices.ts'
import { environmentOf, renderEnvironment, secretsOf, type SetupSecrets } from './env-file.ts'
import { balancePhp, panelScriptTag, phpSettings, tokenPhp } from './panel-files.ts'
import { systemdUnit, type UnitOptions } from './systemd-unit.ts'

export interface PlannedFile {
  readonly name: string
  readonly content: string
  /** Readable by its owner only. */
  readonly isSecret: boolean
}

export interface SetupPlan {
  readonly files: readonly PlannedFile[]
  readonly secrets: SetupSecrets
}

/** Where the files are installed. */
export const INSTALLED = { folder: '/etc/paxyo', env: '/etc/paxyo/paxyo.env', providers: '/etc/paxyo/providers.json' }

const DEFAULT_PROVIDER = 'godofpanel'

/** @param existing the variables of a .env that is there already, and the token of its providers.json. */
export function planFiles(
  choices: Choices,
  unit: Omit<UnitOptions, 'envFile'>,
  existing: Readonly<Record<string, string>>,
): SetupPlan {
  const secrets = secretsOf(existing)
  const hasProvidersFile = choices.provider !== DEFAULT_PROVIDER
  const environment = environmentOf(choices, secrets, existing, hasProvidersFile ? INSTALLED.providers : undefined)
  const plain = (name: string, content: string): PlannedFile => ({ name, content, isSecret: false })
  const secret = (name: string, content: string): PlannedFile => ({ name, content, isSecret: true })
  const providers = [{ name: choices.provider, webhookTokens: [secrets.webhookToken] }]
  return {
    secrets,
    files: [
      secret('.env', renderEnvironment(environment)),
      ...(hasProvidersFile ? [secret('providers.json', `${JSON.stringify(providers, null, 2)}\n`)] : []),
      plain('paxyo.service', systemdUnit(choices, { ...unit, envFile: INSTALLED.env })),
      ...proxyFiles(choices).map(([name, content]) => plain(name, content)),
      plain('script-tag.html', `${panelScriptTag(choices)}\n`),
      ...(choices.panel === 'php'
        ? [
            plain('token.php', tokenPhp()),
            ...(choices.balance === 'external' ? [plain('balance.php', balancePhp())] : []),
            secret('paxyo-settings.php', phpSettings(choices, secrets)),
          ]
        : []),
      plain('setup.json', `${JSON.stringify(choices, null, 2)}\n`),
    ],
  }
}

function proxyFiles(choices: Choices): [name: string, content: string][] {
  switch (choices.proxy) {
    case 'nginx':
      return [[`${hostName(choices)}.nginx.conf`, nginxConfig(choices)]]
    case 'apache':
      return [[`${hostName(choices)}.apache.conf`, apacheConfig(choices)]]
    case 'caddy':
      return [['Caddyfile', caddyConfig(choices)]]
    case 'none':
      return []
  }
}
