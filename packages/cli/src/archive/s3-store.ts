import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import type { ArchiveStore } from '@paxyo/database'
import { Readable } from 'node:stream'

/** Sent in parts of this size, of which there are at most 10,000: a file has at most 80 GB. */
const PART_BYTES = 8 * 1024 * 1024
const CONNECT_TIMEOUT_MS = 10_000
/** Without a byte in either direction. */
const SILENCE_MS_MAX = 60_000

export interface S3Options {
  readonly bucket: string
  /** Of a store other than Amazon's, whose bucket is in the path. */
  readonly endpoint: string | undefined
  readonly region: string | undefined
  readonly prefix: string | undefined
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** An archive in a bucket of an S3-compatible store. It needs the rights to list, read and write objects. */
export function createS3Store(options: S3Options): ArchiveStore {
  const { bucket: Bucket, endpoint, region = 'us-east-1', accessKeyId, secretAccessKey } = options
  const prefix = options.prefix === undefined ? '' : `${options.prefix.replace(/\/$/, '')}/`
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    region,
    credentials: { accessKeyId, secretAccessKey },
    // Other stores may not know the checksums that Amazon's client adds; files are read back instead.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SILENCE_MS_MAX },
  })
  return {
    place: `s3://${Bucket}/${prefix}`.replace(/\/$/, ''),
    async list() {
      const names: string[] = []
      for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: prefix })) {
        names.push(...(page.Contents ?? []).map(({ Key }) => Key!.slice(prefix.length)))
      }
      return names
    },
    // A file of several parts appears when all of them were received; those of an upload that fails are removed.
    async write(name, bytes) {
      const Body = Readable.from(bytes)
      const params = { Bucket, Key: `${prefix}${name}`, Body }
      await new Upload({ client, params, partSize: PART_BYTES, queueSize: 1 }).done()
    },
    async *read(name) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `${prefix}${name}` }))
      yield* Body as Readable
    },
    [Symbol.dispose]: () => client.destroy(),
  }
}
