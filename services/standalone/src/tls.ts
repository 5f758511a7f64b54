import { createWorker, StartError, type TlsCertificate } from '@paxyo/service-kit'
import { X509Certificate } from 'node:crypto'
import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSecureContext, type Server } from 'node:tls'
import type { Logger } from 'pino'

/** The files of a certificate, as `TLS_CERT` and `TLS_KEY` name them. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/** For folders whose changes the system does not report, such as those of a network. */
const CHECK_INTERVAL_MS = 60_000
/** A renewal writes two files. */
const SETTLE_MS = 200
const EXPIRY_WARNING_MS = 7 * 86_400_000

/** The certificate that the configuration names, if it names one. */
export async function openTls({
  TLS_CERT: cert,
  TLS_KEY: key,
}: {
  readonly TLS_CERT?: string | undefined
  readonly TLS_KEY?: string | undefined
}): Promise<{ readonly files: TlsFiles; readonly certificate: TlsCertificate } | undefined> {
  if (cert === undefined || key === undefined) return undefined
  const files = { cert, key }
  return { files, certificate: await readCertificate(files) }
}

/** @throws StartError when they cannot be read, or do not belong together. */
async function readCertificate(files: TlsFiles): Promise<TlsCertificate> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')])
    createSecureContext({ cert, key })
    return { cert, key }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    const reason = code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' ? 'the key is not that of the certificate' : message
    throw new StartError(`the certificate of TLS_CERT and TLS_KEY cannot be used: ${reason}`, { cause: error })
  }
}

export interface CertificateOptions {
  readonly files: TlsFiles
  /** The one that the server has. */
  readonly certificate: TlsCertificate
  readonly server: Pick<Server, 'setSecureContext'>
  readonly log: Logger
}

export interface FollowedCertificate extends AsyncDisposable {
  /** When the certificate that the server has expires. */
  readonly expiresAtMs: number
}

/**
 * Gives the server a renewed certificate as soon as its files change. New connections get it; open ones stay. A certificate
 * that cannot be used is logged, and the server keeps the one that it has.
 */
export function followCertificate({ files, certificate, server, log }: CertificateOptions): FollowedCertificate {
  let used = certificate
  warnOfExpiry(used, log)

  async function reload(): Promise<void> {
    const read = await readCertificate(files)
    if (read.cert === used.cert && read.key === used.key) return
    server.setSecureContext({ ...read })
    used = read
    log.info({ validTo: validTo(read).toISOString() }, 'certificate reloaded')
    warnOfExpiry(read, log)
  }

  const worker = createWorker({
    run: reload,
    backstopMs: CHECK_INTERVAL_MS,
    onError: (err) => log.error({ err }, 'certificate not reloaded, the former one serves'),
  })
  worker.wake(CHECK_INTERVAL_MS)
  // The folders: a renewal replaces the files, or the links to them.
  const watchers = [...new Set([dirname(files.cert), dirname(files.key)])].map((folder) =>
    watch(folder, () => worker.wake(SETTLE_MS)).on('error', (err) => log.warn({ err, folder }, 'folder not watched')),
  )
  return {
    get expiresAtMs() {
      return validTo(used).getTime()
    },
    async [Symbol.asyncDispose]() {
      for (const watcher of watchers) watcher.close()
      await worker.close()
    },
  }
}

const validTo = ({ cert }: TlsCertificate): Date => new X509Certificate(cert).validToDate

function warnOfExpiry(certificate: TlsCertificate, log: Logger): void {
  const expires = validTo(certificate)
  if (expires.getTime() - Date.now() < EXPIRY_WARNING_MS) {
    log.warn({ validTo: expires.toISOString() }, 'certificate expires soon, check its renewal')
  }
}
