import { readFile } from 'node:fs/promises'
import { boundedText, ORDER_STATUSES } from '@paxyo/contracts'
import { z } from 'zod'
import { Failure } from '../failure.ts'
import { IMPORT_FORMATS } from './fields.ts'

/** The source of a value: a column of the file, or a constant. */
const sourceSchema = z.union([z.string().min(1), z.strictObject({ value: z.string() })])

/** Maps a file's columns to fields. A field that is not mapped is read from the column with its own name. */
export const importMapSchema = z.strictObject({
  format: z.enum(IMPORT_FORMATS).optional(),
  /** The names of the columns, for files without a header line. */
  header: z.array(z.string().min(1)).min(1).max(256).optional(),
  columns: z.record(z.string(), sourceSchema).default({}),
  /** The meaning of the file's statuses, where they differ from the provider's. */
  statuses: z.record(z.string(), z.enum(ORDER_STATUSES)).default({}),
  /** The time zone of times without one. */
  timeZone: boundedText(6, /^[+-](?:0\d|1[0-4]):[0-5]\d$/, 'must be an offset such as "+03:00"').default('+00:00'),
})

export type ImportMap = z.output<typeof importMapSchema>

/** @throws Failure when the file is missing or is not a map of these fields. */
export async function readImportMap(path: string | undefined, fields: readonly string[]): Promise<ImportMap> {
  if (path === undefined) return importMapSchema.parse({})
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new Failure('usage', `the map ${path} cannot be read: ${(error as Error).message}`)
  }
  const map = importMapSchema.safeParse(json)
  if (!map.success) throw new Failure('usage', `the map ${path} is invalid:\n${z.prettifyError(map.error)}`)
  const unknown = Object.keys(map.data.columns).filter((field) => !fields.includes(field))
  if (unknown.length === 0) return map.data
  throw new Failure('usage', `the map ${path} names ${unknown.join(', ')}: the fields are ${fields.join(', ')}`)
}
