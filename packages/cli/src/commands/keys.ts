import { InvalidArgumentError } from 'commander'
import { isIPv4, isIPv6 } from 'node:net'
import { action } from '../cli.ts'
import type { KeyOptions } from '../keys/api-keys.ts'
import type { AddCommand } from '../add-command.ts'

const load = () => import('../keys/api-keys.ts')

export const addKeys: AddCommand = (program, terminal, finished) => {
  const keys = program.command('keys').description('API keys of the panel API, as the owner (DATABASE_URL)')
  keys
    .command('create')
    .description('create a key; it is shown once')
    .argument('<name>', 'who uses the key, such as "shop server"')
    .option('--scope <scope>', 'what it may do, by default read; repeat it for several', collect)
    .option('--expires <days>', 'after how many days it expires', parseDays)
    .option('--network <cidr>', 'a network from which it is accepted; repeat it for several', collectNetworks)
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

const collect = (value: string, earlier: readonly string[] = []): string[] => [...earlier, value]

function collectNetworks(network: string, earlier: readonly string[] = []): string[] {
  const [address = '', bits] = network.split('/')
  const bitsMax = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1
  const isValid = bitsMax > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax))
  if (!isValid) throw new InvalidArgumentError('A network such as 203.0.113.0/24.')
  return [...earlier, network]
}
