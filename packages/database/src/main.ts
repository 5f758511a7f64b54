import { failureText } from './failure-text.ts'
import { migrateToLatest } from './migrate.ts'
import { ownerUrl } from './owner-url.ts'

try {
  const names = await migrateToLatest(ownerUrl(process.env))
  process.stdout.write(names.length === 0 ? 'The database is up to date.\n' : `Migrated: ${names.join(', ')}\n`)
} catch (error) {
  process.stderr.write(`${failureText(error)}\n`)
  process.exit(1)
}
