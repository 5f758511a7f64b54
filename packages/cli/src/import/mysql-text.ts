import type { Transform, TransformCallback } from 'node:stream'
import { Transform as TransformStream } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { Failure } from '../failure.ts'

/** One row of a table; null is MySQL's NULL. */
export type Row = readonly (string | null)[]

const ROW_CHARACTERS_MAX = 1024 * 1024
/** MySQL's escape sequences; any other escaped character stands for itself. */
const ESCAPED: Readonly<Record<string, string>> = { '0': '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\u001A' }

/**
 * Reads MySQL's own formats: `mysqldump --tab` and `SELECT … INTO OUTFILE`, with fields that end in `delimiter`, rows
 * that end in a line feed, `\` as the escape character, and `\N` for NULL. Quotes around fields are removed.
 */
export function parseMysqlText(delimiter: '\t' | ','): Transform {
  const decoder = new StringDecoder('utf8')
  const rows: Row[] = []
  let row: (string | null)[] = []
  let field = ''
  let length = 0
  let isNull = false
  let isQuoted = false
  let wasQuoted = false
  let isEscaped = false

  function endField(): void {
    row.push(isNull && field === '' ? null : field)
    field = ''
    isNull = wasQuoted = false
  }

  function endRow(): void {
    endField()
    rows.push(row)
    row = []
    length = 0
  }

  function take(character: string): void {
    if (isEscaped) {
      isEscaped = false
      if (character === 'N' && field === '' && !isQuoted) isNull = true
      else field += ESCAPED[character] ?? character
    } else if (character === '\\') isEscaped = true
    else if (character === '"' && (isQuoted || (field === '' && !wasQuoted && delimiter === ','))) {
      isQuoted = !isQuoted
      wasQuoted = true
    } else if (isQuoted) field += character
    else if (character === delimiter) endField()
    else if (character === '\n') endRow()
    else field += character
  }

  return new TransformStream({
    readableObjectMode: true,
    transform(this: Transform, chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      const text = decoder.write(chunk)
      length += text.length
      for (const character of text) take(character)
      if (rows.length === 0 && length > ROW_CHARACTERS_MAX) {
        done(new Failure('usage', `a row is longer than ${ROW_CHARACTERS_MAX} characters: is the format right?`))
        return
      }
      for (const each of rows.splice(0)) this.push(each)
      done()
    },
    flush(this: Transform, done: TransformCallback) {
      if (field !== '' || isNull || row.length > 0) endRow()
      for (const each of rows.splice(0)) this.push(each)
      done()
    },
  })
}
