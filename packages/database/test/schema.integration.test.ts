import { expect, test } from '@jest/globals'
import { createTestDatabase } from '@paxyo/testkit'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const pathTo = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

test('the committed types are those of a migrated database: npm run generate-types', async () => {
  await using database = await createTestDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'paxyo-types-'))
  const outFile = join(folder, 'schema.generated.ts')
  try {
    // Its options stand in package.json, where the script finds them, too.
    await exec(process.execPath, [pathTo('node_modules/kysely-codegen/dist/cli/bin.js'), '--out-file', outFile], {
      cwd: pathTo('.'),
      env: { ...process.env, DATABASE_URL: database.url },
    })

    expect(await readFile(pathTo('src/schema.generated.ts'), 'utf8')).toBe(await readFile(outFile, 'utf8'))
  } finally {
    await rm(folder, { recursive: true })
  }
})
