import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { addAbortSignal, pipeline, type Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { parse } from 'csv-parse'
import { Failure } from '../failure.ts'
import type { ImportFormat } from './fields.ts'
import { parseMysqlText, type Row } from './mysql-text.ts'

/** One row of a file, by the names of its columns. `problem` is the reason why it could not be read. */
export interface ImportRecord {
  /** 1 for the first row of data. */
  readonly row: number
  readonly fields: Readonly<Record<string, unknown>>
  readonly problem?: string
}

export interface ImportFile {
  readonly records: AsyncIterable<ImportRecord>
  /** How much of the file has been read, from 0 to 1; undefined when its length is not known. */
  part(): number | undefined
}

const RECORD_BYTES_MAX = 1024 * 1024
const STDIN = '-'

/**
 * Opens a file for reading row by row, with only a few rows in memory.
 *
 * @param path `-` for the standard input
 * @param header the names of the columns, when the file has no header line
 * @param signal aborts the reading with an error
 * @throws Failure when it cannot be opened, and, while reading, when it does not have this format.
 */
export async function openImportFile(
  path: string,
  format: ImportFormat,
  header: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<ImportFile> {
  const { input, bytes } = await openInput(path)
  addAbortSignal(signal, input)
  let bytesRead = 0
  input.on('data', (chunk: Buffer) => (bytesRead += chunk.length))
  // Reading starts with the first record that is requested.
  input.pause()
  const records = format === 'ndjson' ? readNdjson(input) : readTable(input, format, header)
  return { records: withExplainedErrors(records, path), part: () => (bytes ? bytesRead / bytes : undefined) }
}

async function openInput(path: string): Promise<{ input: Readable; bytes: number | undefined }> {
  if (path === STDIN) return { input: process.stdin, bytes: undefined }
  try {
    const { size } = await stat(path)
    const input = createReadStream(path)
    await new Promise((resolve, reject) => void input.once('open', resolve).once('error', reject))
    return { input, bytes: size }
  } catch (error) {
    throw new Failure('usage', `the file ${path} cannot be read: ${(error as Error).message}`)
  }
}

async function* readTable(
  input: Readable,
  format: Exclude<ImportFormat, 'ndjson'>,
  given: readonly string[] | undefined,
): AsyncGenerator<ImportRecord> {
  let header = given
  let row = 0
  for await (const cells of rowsOf(input, format)) {
    if (header === undefined) {
      header = headerOf(cells)
      continue
    }
    row += 1
    const fields = Object.fromEntries(header.map((name, column) => [name, cells[column] ?? null]))
    if (cells.length === header.length) yield { row, fields }
    else yield { row, fields, problem: `${cells.length} columns instead of ${header.length}` }
  }
}

function rowsOf(input: Readable, format: Exclude<ImportFormat, 'ndjson'>): AsyncIterable<Row> {
  const parser =
    format === 'csv'
      ? parse({ bom: true, relax_column_count: true, skip_empty_lines: true, max_record_size: RECORD_BYTES_MAX })
      : parseMysqlText(format === 'mysql-tab' ? '\t' : ',')
  // The iteration over the rows throws the error.
  return pipeline(input, parser, () => undefined)
}

function headerOf(cells: Row): readonly string[] {
  const names = cells.map((cell) => cell?.trim() ?? '')
  if (names.every((name) => name !== '') && new Set(names).size === names.length) return names
  throw new Failure(
    'usage',
    'the first line is not a header with distinct column names',
    'Name them in the map: "header": ["id", …]',
  )
}

async function* readNdjson(input: Readable): AsyncGenerator<ImportRecord> {
  let row = 0
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line.trim() === '') continue
    row += 1
    yield parseLine(row, line)
  }
}

// ECMAScript's JSON.parse source text access, which Node has and TypeScript's library does not describe yet.
type DigitsAsSent = (key: string, value: unknown, context: { readonly source?: string }) => unknown
/** An id above 2⁵³ and an amount with many digits keep each of them. */
const digitsAsSent: DigitsAsSent = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) ? source : value

function parseLine(row: number, line: string): ImportRecord {
  try {
    const value: unknown = JSON.parse(line, digitsAsSent as (key: string, value: unknown) => unknown)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { row, fields: value as Record<string, unknown> }
    }
  } catch {
    // reported below
  }
  return { row, fields: { line: line.slice(0, 1000) }, problem: 'the line is not a JSON object' }
}

/** Adds the path and a hint to a parser's errors. */
async function* withExplainedErrors(records: AsyncIterable<ImportRecord>, path: string): AsyncGenerator<ImportRecord> {
  try {
    yield* records
  } catch (error) {
    if (error instanceof Failure) throw error
    const hint = 'The rows before it are imported. Correct the file and run it again: they are skipped.'
    throw new Failure('usage', `reading ${path} failed: ${(error as Error).message}`, hint)
  }
}
