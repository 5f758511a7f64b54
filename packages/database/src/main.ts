import { migrateToLatest } from './migrate.ts'
import { ownerUrl } from './owner-url.ts'

try {
  const names = await migrateToLatest(ownerUrl(process.env))
  process.stdout.write(names.length === 0 ? 'The database is up to date.\n' : `Migrated: ${names.join(', ')}\n`)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
