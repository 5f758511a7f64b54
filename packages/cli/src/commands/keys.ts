import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'

const load = () => import('../keys/api-keys.ts')

export const addKeys: AddCommand = (program, terminal, finished) => {
  const keys = program.command('keys').description("keys of the panel's API, as the owner (DATABASE_URL)")
  keys
    .command('create')
    .description('make a key; it is shown once')
    .argument('<name>', 'whose it is, such as "shop server"')
    .action(action(terminal, finished, async (cli, _options, name: string) => (await load()).createKey(cli, name)))
  keys
    .command('list')
    .description('list keys, without their secrets')
    .action(action(terminal, finished, async (cli) => (await load()).listKeys(cli)))
  keys
    .command('revoke')
    .description('revoke a key; services refuse it a second later')
    .argument('<keyId>', 'its public part, pxk_…')
    .action(action(terminal, finished, async (cli, _options, keyId: string) => (await load()).revokeKey(cli, keyId)))
}
