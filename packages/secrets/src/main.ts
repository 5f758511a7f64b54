import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { completeSecrets, retire, rotate } from './secret-files.ts'
import { readSecrets, writeSecrets } from './secrets-folder.ts'

const DEFAULT_FOLDER = fileURLToPath(new URL('../../../infra/docker/secrets', import.meta.url))

try {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string', default: process.env['SECRETS_DIR'] || DEFAULT_FOLDER },
      host: { type: 'string', multiple: true, default: ['localhost', '127.0.0.1'] },
      rotate: { type: 'string' },
      retire: { type: 'string' },
    },
  })
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
