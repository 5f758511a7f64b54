import { migrateToLatest } from './migrate.ts'

const url = process.env['DATABASE_URL']
if (url === undefined || url === '') {
  process.stderr.write("DATABASE_URL must be set to the database, with its owner's name and password\n")
  process.exit(1)
}
const names = await migrateToLatest(url)
process.stdout.write(names.length === 0 ? 'The database is up to date.\n' : `Migrated: ${names.join(', ')}\n`)
