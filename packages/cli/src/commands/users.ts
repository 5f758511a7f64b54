import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import type { EraseOptions } from '../back-office/erasure.ts'

const loadErasure = () => import('../back-office/erasure.ts')
const load = () => import('../back-office/connections.ts')

export const addWho: AddCommand = (program, terminal, finished) => {
  program
    .command('who')
    .description("count the users online, or list a user's connections (PAXYO_URL, PAXYO_API_KEY)")
    .argument('[userId]')
    .action(
      action(terminal, finished, async (cli, _options: unknown, userId: string | undefined) => {
        const { countConnections, listConnections } = await load()
        await (userId === undefined ? countConnections(cli) : listConnections(cli, userId))
      }),
    )
}

export const addUsers: AddCommand = (program, terminal, finished) => {
  const users = program.command('users').description("end users' connections (PAXYO_URL, PAXYO_API_KEY)")
  users
    .command('disconnect')
    .description('close all connections of a user; the browsers reconnect')
    .argument('<userId>')
    .action(
      action(terminal, finished, async (cli, _options: unknown, userId: string) =>
        (await load()).disconnectUser(cli, userId),
      ),
    )
  users
    .command('revoke-tokens')
    .description('revoke all browser tokens of a user that were issued before now, and close their connections')
    .argument('<userId>')
    .action(
      action(terminal, finished, async (cli, _options: unknown, userId: string) =>
        (await load()).revokeTokens(cli, userId),
      ),
    )
  users
    .command('erase')
    .description(
      "put a pseudonym in the place of a user everywhere, for good: the user's id, the links of the orders, and what providers sent; amounts stay",
    )
    .argument('<userId>')
    .option('--dry-run', 'only count what would change')
    .option('--yes', 'do it')
    .action(
      action(terminal, finished, async (cli, options: EraseOptions, userId: string) =>
        (await loadErasure()).eraseUser(cli, userId, options),
      ),
    )
  users
    .command('revoke-token')
    .description('revoke one browser token of a user, by its claims jti and exp, and close its connections')
    .argument('<userId>')
    .argument('<jti>')
    .argument('<expiresAt>', 'such as 2030-01-01T00:00:00Z')
    .action(
      action(terminal, finished, async (cli, _options: unknown, userId: string, jti: string, expiresAt: string) =>
        (await load()).revokeToken(cli, { userId, jti, expiresAt }),
      ),
    )
}
