import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A separate S3-compatible store, which verifies signatures. */
export interface S3Server extends AsyncDisposable {
  /** Its port on 127.0.0.1. */
  readonly port: number
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const BUCKET = 'paxyo'
/** The only one that it knows. */
const KEY = 'S3RVER'

/** What is used of a package without types. */
interface S3rver {
  /** Koa's; the last one is the router. */
  readonly middleware: ((context: KoaContext, next: () => Promise<void>) => Promise<void>)[]
  run(): Promise<{ readonly port: number }>
  close(): Promise<void>
}
interface KoaContext {
  readonly path: string
  readonly state: { vhost: boolean }
  mountPath: string | undefined
}
interface S3rverOptions {
  readonly address: string
  readonly port: number
  readonly silent: boolean
  readonly directory: string
  readonly configureBuckets: readonly { readonly name: string }[]
}

/** Starts s3rver in this process. */
export async function startS3Server(): Promise<S3Server> {
  // Only its tests need it, and it takes a while to load.
  const Server = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: S3rverOptions) => S3rver
  const directory = mkdtempSync(join(tmpdir(), 'paxyo-s3-'))
  const options = { address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets: [{ name: BUCKET }] }
  const server = new Server(options)
  server.middleware.splice(-1, 0, withSlash)
  const { port } = await server.run()
  return {
    port,
    bucket: BUCKET,
    accessKeyId: KEY,
    secretAccessKey: KEY,
    async [Symbol.asyncDispose]() {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Amazon's client signs the path of a bucket, `/paxyo/`, as it sends it; s3rver would calculate the signature of `/paxyo`. */
function withSlash(context: KoaContext, next: () => Promise<void>): Promise<void> {
  if (context.path === `/${BUCKET}/`) {
    context.state.vhost = true
    context.mountPath = '/'
  }
  return next()
}
