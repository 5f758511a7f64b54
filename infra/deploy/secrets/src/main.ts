import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { completeSecrets, retire, rotate } from './secret-files.ts'
import { readSecrets, writeSecrets } from './secrets-folder.ts'

const USAGE = `Usage: npm run secrets -- [options]

Makes what is missing and leaves the rest alone.

  --folder <folder>  where they are (SECRETS_DIR, or infra/deploy/compose/secrets)
  --host <name>      a name or an address of the site's certificate; may be repeated
  --rotate <name>    put a new value beside the old ones
  --retire <name>    keep the newest value alone
`
const DEFAULT_FOLDER = fileURLToPath(new URL('../../compose/secrets', import.meta.url))

try {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string', default: process.env['SECRETS_DIR'] || DEFAULT_FOLDER },
      host: { type: 'string', multiple: true, default: ['localhost', '127.0.0.1'] },
      rotate: { type: 'string' },
      retire: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    process.exit()
  }
  const before = readSecrets(values.folder)
  let changed = before
  if (values.rotate !== undefined) changed = rotate(changed, values.rotate)
  if (values.retire !== undefined) changed = retire(changed, values.retire)
  const after = await completeSecrets(changed, values.host as [string, ...string[]], new Date())
  const written = writeSecrets(values.folder, before, after)
  process.stdout.write(
    written.length === 0
      ? `${values.folder}: everything is there.\n`
      : `${values.folder}: wrote ${written.toSorted().join(', ')}\n`,
  )
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
