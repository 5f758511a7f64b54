import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import { settings } from '../settings.ts'

export const addMigrate: AddCommand = (program, terminal, finished) => {
  program
    .command('migrate')
    .description('apply pending migrations, as the owner of the database (DATABASE_URL)')
    .action(
      action(terminal, finished, async (cli) => {
        const { DATABASE_URL: url } = await settings(cli.env, ['DATABASE_URL'])
        const { migrateToLatest } = await import('@paxyo/database')
        const { explainDatabaseError } = await import('../explain-database-error.ts')
        const migrated = await migrateToLatest(url).catch((error: unknown) => {
          throw explainDatabaseError(error, url)
        })
        cli.print({ migrated }, () =>
          migrated.length === 0 ? 'The database is up to date.' : `Migrated: ${migrated.join(', ')}`,
        )
      }),
    )
}
