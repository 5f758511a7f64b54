import { InvalidArgumentError } from 'commander'
import { isIPv4, isIPv6 } from 'node:net'
import { action } from '../cli.ts'
import type { KeyOptions } from '../keys/api-keys.ts'
import { SCOPES } from '@paxyo/panel-client/scopes'
import type { AddCommand } from '../add-command.ts'

const load = () => import('../keys/api-keys.ts')

export const addKeys: AddCommand = (program, terminal, finished) => {
  const keys = program.command('keys').description('API keys of the panel API, as the owner (DATABASE_URL)')
  keys
    .command('create')
    .description('create a key; it is shown once')
    .argument('<name>', 'who uses the key, such as "shop server"')
    .option('--scope <scope>', 'what it may do; repeat it for several', collectScopes)
    .option('--expires <days>', 'after how many days it expires', parseDays)
    .option('--network <cidr>', 'a network from which it is accepted; repeat it for several', collectNetworks)
    .addHelpText('after', `\nScopes (without --scope: read):\n${scopesHelp()}`)
    .action(
      action(terminal, finished, async (cli, options: KeyOptions, name: string) =>
        (await load()).createKey(cli, name, options),
      ),
    )
  keys
    .command('list')
    .description('list keys, without their secrets')
    .action(action(terminal, finished, async (cli) => (await load()).listKeys(cli)))
  keys
    .command('revoke')
    .description('revoke a key; services reject it within a second')
    .argument('<keyId>', 'its public part, pxk_…')
    .action(action(terminal, finished, async (cli, _options, keyId: string) => (await load()).revokeKey(cli, keyId)))
}

const DAYS_MAX = 3_650

function parseDays(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX) throw new InvalidArgumentError(`1 to ${DAYS_MAX}.`)
  return days
}

function collectScopes(scope: string, earlier: readonly string[] = []): string[] {
  if (!(scope in SCOPES)) throw new InvalidArgumentError(`One of ${Object.keys(SCOPES).join(', ')}.`)
  return [...earlier, scope]
}

function collectNetworks(network: string, earlier: readonly string[] = []): string[] {
  const [address = '', bits] = network.split('/')
  const bitsMax = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1
  const isValid = bitsMax > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax))
  if (!isValid) throw new InvalidArgumentError('A network such as 203.0.113.0/24.')
  return [...earlier, network]
}

const scopesHelp = (): string =>
  Object.entries(SCOPES)
    .map(([scope, description]) => `  ${scope}: ${description}`)
    .join('\n')
