import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'

const load = () => import('../archive/archive.ts')

export const addArchive: AddCommand = (program, terminal, finished) => {
  const archive = program
    .command('archive')
    .description('deliveries in files, after their retention (ARCHIVE_DIR or ARCHIVE_S3_BUCKET)')
  archive
    .command('write', { isDefault: true })
    .description('write the days that are older than DELIVERY_RETENTION_DAYS, as the owner (DATABASE_URL)')
    .action(action(terminal, finished, async (cli) => (await load()).writeArchive(cli)))
  archive
    .command('show <order>')
    .description('print the archived deliveries of an order, by its id or that of its provider')
    .action(action(terminal, finished, async (cli, _options, order: string) => (await load()).showArchived(cli, order)))
}
