import { InvalidArgumentError } from 'commander'
import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import type { CallOptions, ListOptions } from '../audit-log/audit-log.ts'

const load = () => import('../audit-log/audit-log.ts')
const ENTRIES_MAX = 100_000

export const addAuditLog: AddCommand = (program, terminal, finished) => {
  const log = program.command('audit-log').description('what API keys and operators changed (DATABASE_URL)')
  log
    .command('list', { isDefault: true })
    .description('list entries, the newest first')
    .option('--actor <id>', 'of an operator or an API key')
    .option('--action <action>', 'such as actOnOrder or signIn')
    .option('--subject <id>', 'of what was changed')
    .option('--limit <count>', 'how many', parseLimit, 50)
    .action(action(terminal, finished, async (cli, options: ListOptions) => (await load()).listEntries(cli, options)))
  log
    .command('calls')
    .description('list the orders that API keys registered and the tokens that they minted, the newest first')
    .option('--key <id>', 'of an API key, or environment')
    .option('--subject <id>', 'of an order or a token')
    .option('--user <id>', 'of the user of tokens and accounts')
    .option('--limit <count>', 'how many', parseLimit, 50)
    .action(action(terminal, finished, async (cli, options: CallOptions) => (await load()).listCalls(cli, options)))
  log
    .command('head')
    .description('print the last position and its hash; keep it outside of the database for paxyo audit --audit-head')
    .action(action(terminal, finished, async (cli) => (await load()).printHead(cli)))
  log
    .command('signatures')
    .description('list the signatures that paxyo maintain made; keep them outside of the database')
    .action(action(terminal, finished, async (cli) => (await load()).printSignatures(cli)))
  log
    .command('public-key')
    .description('print the public keys of AUDIT_SIGNING_KEYS, which AUDIT_PUBLIC_KEYS of paxyo audit can be')
    .action(action(terminal, finished, async (cli) => (await load()).printPublicKeys(cli)))
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > ENTRIES_MAX)
    throw new InvalidArgumentError(`1 to ${ENTRIES_MAX}.`)
  return limit
}
