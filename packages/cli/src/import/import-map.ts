import { readFile } from 'node:fs/promises'
import { boundedText, ORDER_STATUSES } from '@paxyo/contracts'
import { z } from 'zod'
import { Failure } from '../failure.ts'
import { IMPORT_FORMATS } from './fields.ts'

/** Where a value is taken from: a column of the file, or the same for every row. */
const sourceSchema = z.union([z.string().min(1), z.strictObject({ value: z.string() })])

/** How a file's columns become our fields. Fields that are not named are looked for under their own names. */
export const importMapSchema = z.strictObject({
  format: z.enum(IMPORT_FORMATS).optional(),
  /** The names of the columns, for files whose first line does not say them. */
  header: z.array(z.string().min(1)).min(1).max(256).optional(),
  columns: z.record(z.string(), sourceSchema).default({}),
  /** What the file's statuses mean, where they are not spelled as providers do. */
  statuses: z.record(z.string(), z.enum(ORDER_STATUSES)).default({}),
  /** The zone of times without one. */
  timeZone: boundedText(6, /^[+-](?:0\d|1[0-4]):[0-5]\d$/, 'must be an offset such as "+03:00"').default('+00:00'),
})

export type ImportMap = z.output<typeof importMapSchema>

/** @throws Failure when the file is not there or is no map for these fields. */
export async function readImportMap(path: string | undefined, fields: readonly string[]): Promise<ImportMap> {
  if (path === undefined) return importMapSchema.parse({})
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new Failure('usage', `the map ${path} cannot be read: ${(error as Error).message}`)
  }
  const map = importMapSchema.safeParse(json)
  if (!map.success) throw new Failure('usage', `the map ${path} is wrong:\n${z.prettifyError(map.error)}`)
  const unknown = Object.keys(map.data.columns).filter((field) => !fields.includes(field))
  if (unknown.length === 0) return map.data
  throw new Failure('usage', `the map ${path} names ${unknown.join(', ')}: the fields are ${fields.join(', ')}`)
}
