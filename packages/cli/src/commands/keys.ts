import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'

const load = () => import('../keys/api-keys.ts')

export const addKeys: AddCommand = (program, terminal, finished) => {
  const keys = program.command('keys').description('API keys of the panel API, as the owner (DATABASE_URL)')
  keys
    .command('create')
    .description('create a key; it is shown once')
    .argument('<name>', 'who uses the key, such as "shop server"')
    .action(action(terminal, finished, async (cli, _options, name: string) => (await load()).createKey(cli, name)))
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
