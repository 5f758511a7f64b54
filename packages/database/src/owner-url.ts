import { readFileSync } from 'node:fs'

/**
 * Where the database is, with its owner's name and password: `DATABASE_URL`, or what stands in the file that
 * `DATABASE_URL_FILE` names, as secrets do in containers.
 *
 * @throws Error that says what is wrong.
 */
export function ownerUrl(environment: Readonly<Record<string, string | undefined>>): string {
  const file = environment['DATABASE_URL_FILE'] || undefined
  const url = environment['DATABASE_URL'] || undefined
  if (url !== undefined && file !== undefined) throw new Error('DATABASE_URL and DATABASE_URL_FILE are both set')
  const value = url ?? (file === undefined ? '' : read(file))
  if (value === '') throw new Error("DATABASE_URL must be set to the database, with its owner's name and password")
  return value
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw new Error(`the file that DATABASE_URL_FILE names cannot be read: ${file}`)
  }
}
