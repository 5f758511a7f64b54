import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { connect } from 'node:tls'

const CONNECT_TIMEOUT_MS = 5_000
const SERVER = /^(\[[^\]]+\]|[^/:]+):(\d{1,5})$/
const BEGIN_CERTIFICATE = '-----BEGIN CERTIFICATE-----'

/** @param source a PEM file, of whose certificates the first to expire counts, or `host:port` of a server. */
export async function readExpiry(source: string): Promise<Date> {
  const server = SERVER.exec(source)
  if (server !== null) return expiryOfServer(server[1]!.replaceAll(/[[\]]/g, ''), Number(server[2]))
  const [, ...blocks] = (await readFile(source, 'utf8')).split(BEGIN_CERTIFICATE)
  if (blocks.length === 0) throw new Error(`${source} contains no certificate`)
  // What follows a block's end is ignored.
  const dates = blocks.map((block) => new X509Certificate(BEGIN_CERTIFICATE + block).validToDate.getTime())
  return new Date(Math.min(...dates))
}

async function expiryOfServer(host: string, port: number): Promise<Date> {
  const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS)
  const servername = isIP(host) === 0 ? { servername: host } : {}
  // Also one that has expired, or that a private authority has signed, is measured.
  const socket = connect({ host, port, ...servername, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect', { signal })
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) throw new Error(`${host}:${port} presents no certificate`)
    return certificate.validToDate
  } finally {
    socket.on('error', () => undefined)
    socket.destroy()
  }
}
