import tab from '@bomb.sh/tab/commander'
import { Command } from 'commander'
import type { Finished } from './cli.ts'
import { addAccounts } from './commands/accounts.ts'
import { addArchive } from './commands/archive.ts'
import { addAudit } from './commands/audit.ts'
import { addAuditLog } from './commands/audit-log.ts'
import { addBackup } from './commands/backup.ts'
import { addChanges } from './commands/changes.ts'
import { addDeliveries } from './commands/deliveries.ts'
import { addDoctor } from './commands/doctor.ts'
import { addEpoch } from './commands/epoch.ts'
import { addExporter } from './commands/exporter.ts'
import { addKeys } from './commands/keys.ts'
import { addMaintain } from './commands/maintain.ts'
import { addMigrate } from './commands/migrate.ts'
import { addConsole, addOperators } from './commands/operators.ts'
import { addSearch, addSummary, addTestWebhook } from './commands/overview.ts'
import { addOrders } from './commands/orders.ts'
import { addOutgoingWebhooks } from './commands/outgoing-webhooks.ts'
import { addReconcile } from './commands/reconcile.ts'
import { addRefunds } from './commands/refunds.ts'
import { addRejected } from './commands/rejected.ts'
import { addReviews } from './commands/reviews.ts'
import { addSecrets } from './commands/secrets.ts'
import { addSetup } from './commands/setup.ts'
import { addSimulate } from './commands/simulate.ts'
import { addUsers, addWho } from './commands/users.ts'
import { addTail } from './commands/tail.ts'
import { addToken } from './commands/token.ts'
import { addVersion } from './commands/version.ts'
import { EXIT_CODES } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

/** The tree of commands. Each command registers itself. */
export function buildProgram(terminal: Terminal, finished: Finished): Command {
  const program = new Command('paxyo')
    .description('Operates Paxyo Realtime.')
    .option('--json', 'print results as JSON, and errors as JSON on the error output')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(text.replace(/^error:/, terminal.styleErr('red', 'paxyo:'))),
    })
    .showSuggestionAfterError()
    .showHelpAfterError('Add --help to see the usage.')
    .addHelpText('after', `\n${exitCodesHelp()}`)

  for (const add of [
    addSetup,
    addDoctor,
    addOrders,
    addAccounts,
    addRefunds,
    addChanges,
    addReviews,
    addDeliveries,
    addArchive,
    addRejected,
    addOutgoingWebhooks,
    addSearch,
    addSummary,
    addTestWebhook,
    addWho,
    addUsers,
    addAudit,
    addAuditLog,
    addReconcile,
    addTail,
    addToken,
    addKeys,
    addConsole,
    addOperators,
    addMigrate,
    addMaintain,
    addBackup,
    addExporter,
    addEpoch,
    addSecrets,
    addSimulate,
    addVersion,
  ]) {
    add(program, terminal, finished)
  }
  tab(program)
  return program
}

function exitCodesHelp(): string {
  const lines = Object.values(EXIT_CODES).map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
  return ['Exit codes:', ...lines].join('\n')
}
