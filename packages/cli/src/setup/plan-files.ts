import { hostName, type Answers } from './answers.ts'
import { apacheConfig } from './apache.ts'
import { caddyConfig } from './caddy.ts'
import { environmentOf, renderEnvironment, secretsOf, type SetupSecrets } from './env-file.ts'
import { nginxConfig } from './nginx.ts'
import { phpSettings, scriptTag, tokenPhp } from './panel-files.ts'
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
  answers: Answers,
  unit: Omit<UnitOptions, 'envFile'>,
  existing: Readonly<Record<string, string>>,
): SetupPlan {
  const secrets = secretsOf(existing)
  const hasProvidersFile = answers.provider !== DEFAULT_PROVIDER
  const environment = environmentOf(answers, secrets, existing, hasProvidersFile ? INSTALLED.providers : undefined)
  const plain = (name: string, content: string): PlannedFile => ({ name, content, isSecret: false })
  const secret = (name: string, content: string): PlannedFile => ({ name, content, isSecret: true })
  const providers = [{ name: answers.provider, webhookTokens: [secrets.webhookToken] }]
  return {
    secrets,
    files: [
      secret('.env', renderEnvironment(environment)),
      ...(hasProvidersFile ? [secret('providers.json', `${JSON.stringify(providers, null, 2)}\n`)] : []),
      plain('paxyo.service', systemdUnit(answers, { ...unit, envFile: INSTALLED.env })),
      ...proxyFiles(answers).map(([name, content]) => plain(name, content)),
      plain('script-tag.html', scriptTag(answers)),
      ...(answers.panel === 'php'
        ? [plain('token.php', tokenPhp()), secret('paxyo-settings.php', phpSettings(answers, secrets))]
        : []),
      plain('setup.json', `${JSON.stringify(answers, null, 2)}\n`),
    ],
  }
}

function proxyFiles(answers: Answers): [name: string, content: string][] {
  switch (answers.proxy) {
    case 'nginx':
      return [[`${hostName(answers)}.nginx.conf`, nginxConfig(answers)]]
    case 'apache':
      return [[`${hostName(answers)}.apache.conf`, apacheConfig(answers)]]
    case 'caddy':
      return [['Caddyfile', caddyConfig(answers)]]
    case 'none':
      return []
  }
}
