import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib'
import { BODY_BYTES_MAX } from './http-server.ts'

/** The headers that describe a body. */
export interface BodyHeaders {
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
}

interface DecodingFailure {
  readonly error: 'unsupported_encoding' | 'malformed_encoding' | 'malformed_form' | 'body_too_large'
  readonly detail: string
}

interface DecodedBody {
  readonly contentType: string | undefined
  readonly bytes: Buffer
}

type Decompress = (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>

const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/**
 * Decompresses a body of any client and converts multipart fields to a form. Its content type is a hint for a parser.
 * Both sizes, compressed and decompressed, are at most `BODY_BYTES_MAX`.
 *
 * @example
 * const read = await readBody({ contentType: 'text/plain', contentEncoding: 'identity' }, Buffer.from('{}'))
 * 'bytes' in read && read.bytes.toString() //=> '{}'
 */
export async function readBody(
  { contentType, contentEncoding = '' }: BodyHeaders,
  body: Buffer,
): Promise<DecodedBody | DecodingFailure> {
  const bytes = await decompress(contentEncoding.trim().toLowerCase(), body)
  return Buffer.isBuffer(bytes) ? readFields(contentType, bytes) : bytes
}

async function decompress(encoding: string, bytes: Buffer): Promise<Buffer | DecodingFailure> {
  if (encoding === '' || encoding === 'identity') return bytes
  const known = Object.hasOwn(DECOMPRESS, encoding) ? DECOMPRESS[encoding] : undefined
  if (known === undefined) {
    return {
      error: 'unsupported_encoding',
      detail: 'send the body without Content-Encoding, or with gzip, deflate or br',
    }
  }
  try {
    return await known(bytes, { maxOutputLength: BODY_BYTES_MAX })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      return { error: 'body_too_large', detail: `it decompresses to more than ${BODY_BYTES_MAX} bytes` }
    }
    return { error: 'malformed_encoding', detail: `the body is not ${encoding}, as its Content-Encoding says` }
  }
}

const FORM = 'application/x-www-form-urlencoded'

/** PHP's curl sends an array as multipart fields; they become the equivalent form. */
async function readFields(contentType: string | undefined, bytes: Buffer): Promise<DecodedBody | DecodingFailure> {
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType)) return { contentType, bytes }
  try {
    const fields = await new Response(bytes, { headers: { 'content-type': contentType } }).formData()
    const texts = await Promise.all(
      [...fields].map(async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()]),
    )
    return { contentType: FORM, bytes: Buffer.from(new URLSearchParams(texts as [string, string][]).toString()) }
  } catch {
    return { error: 'malformed_form', detail: 'the body is not multipart, as its Content-Type says' }
  }
}
