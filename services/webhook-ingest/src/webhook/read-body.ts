import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib'

/** The most bytes of a webhook's body, before and after it is decompressed. */
export const BODY_BYTES_MAX = 65_536

/** What of a request says how its body is to be read. */
export interface BodyHeaders {
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
}

export type BodyReadError = 'unsupported_encoding' | 'malformed_encoding' | 'malformed_form' | 'body_too_large'

/** A body that a provider's format can read: decompressed, and a form in place of multipart fields. */
export type ReadBody =
  | { readonly contentType: string | undefined; readonly bytes: Buffer }
  | { readonly error: BodyReadError; readonly detail: string }

type Decompress = (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>

const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/** Undoes what HTTP did to a body. Whether its content type is right is for the provider's format to find out. */
export async function readBody({ contentType, contentEncoding }: BodyHeaders, bytes: Buffer): Promise<ReadBody> {
  const encoding = contentEncoding?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== '') {
    const decompressed = await decompress(encoding, bytes)
    return 'error' in decompressed ? decompressed : readFields(contentType, decompressed.bytes)
  }
  return readFields(contentType, bytes)
}

async function decompress(
  encoding: string,
  bytes: Buffer,
): Promise<{ bytes: Buffer } | Exclude<ReadBody, { bytes: Buffer }>> {
  const known = Object.hasOwn(DECOMPRESS, encoding) ? DECOMPRESS[encoding] : undefined
  if (known === undefined) {
    return {
      error: 'unsupported_encoding',
      detail: 'send the body without Content-Encoding, or with gzip, deflate or br',
    }
  }
  try {
    return { bytes: await known(bytes, { maxOutputLength: BODY_BYTES_MAX }) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      return { error: 'body_too_large', detail: `it decompresses to more than ${BODY_BYTES_MAX} bytes` }
    }
    return { error: 'malformed_encoding', detail: `the body is not ${encoding}, which Content-Encoding says` }
  }
}

const FORM = 'application/x-www-form-urlencoded'

/** PHP's curl sends an array as multipart fields: they are the form that they stand for. */
async function readFields(contentType: string | undefined, bytes: Buffer): Promise<ReadBody> {
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType)) return { contentType, bytes }
  try {
    const fields = await new Response(bytes, { headers: { 'content-type': contentType } }).formData()
    const texts = await Promise.all(
      [...fields].map(async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()]),
    )
    return { contentType: FORM, bytes: Buffer.from(new URLSearchParams(texts as [string, string][]).toString()) }
  } catch {
    return { error: 'malformed_form', detail: 'the body is not the multipart fields that its Content-Type says' }
  }
}
