const HEADER_BYTES = 20
const LENGTH_BYTES = 4
const TEXT_OID = 25

/**
 * A `text[]` parameter in PostgreSQL's binary format (`array_recv`: dimensions, flags, type, length, lower bound, then
 * each element after its length). For long texts with many quotes, such as JSON: the text format would escape and unescape
 * every one of them.
 *
 * @example
 * (await pool.query('SELECT $1::text[] AS texts', [textArray(['a', '"b"'])])).rows //=> [{ texts: ['a', '"b"'] }]
 */
export function textArray(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text))
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, HEADER_BYTES))
  let offset = 0
  for (const word of [1, 0, TEXT_OID, texts.length, 1]) offset = bytes.writeInt32BE(word, offset)
  texts.forEach((text, index) => {
    offset = bytes.writeInt32BE(lengths[index]!, offset)
    offset += bytes.write(text, offset)
  })
  return bytes
}
