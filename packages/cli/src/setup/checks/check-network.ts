import { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { failed, ok, warning, type Diagnostic } from '@paxyo/database/diagnostic'
import { hostName, publicPort } from '@paxyo/web-server'
import { reasonOf, TIMEOUT_MS } from './public-request.ts'
import type { CheckSubject } from './subject.ts'

const EXPIRY_WARNING_DAYS = 14
const DAY_MS = 86_400_000

export async function checkDns({ choices }: CheckSubject): Promise<Diagnostic> {
  const name = hostName(choices)
  try {
    const addresses = await lookup(name, { all: true })
    return ok('dns', `${name} is ${addresses.map(({ address }) => address).join(', ')}`)
  } catch (error) {
    return failed(
      'dns',
      `${name} has no address: ${reasonOf(error)}`,
      `Add an A record (and AAAA for IPv6) for ${name} at the domain's DNS, and wait until it is known.`,
    )
  }
}

const OWN_AUTHORITY =
  'Configure the whole chain (fullchain.pem, not cert.pem). If the certificate is from your own authority: --ca <file>.'

/** What to do about the errors of a handshake. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Start the web server with the written configuration; open the port in the firewall.',
  ETIMEDOUT: 'Open the port in the firewall, and check that the DNS record names this machine.',
  CERT_HAS_EXPIRED: 'Renew the certificate (certbot renew), and reload the web server.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Get a certificate for this name, and configure it for this name.',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'Browsers reject a self-signed certificate: get one from an authority (certbot), or pass --ca.',
  SELF_SIGNED_CERT_IN_CHAIN: OWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: OWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: OWN_AUTHORITY,
}

export async function checkTls({ choices, ca }: CheckSubject): Promise<Diagnostic> {
  const [name, port] = [hostName(choices), publicPort(choices)]
  const options = { host: name, port, servername: name, ...(ca === undefined ? {} : { ca }) }
  const socket = connect({ ...options, signal: AbortSignal.timeout(TIMEOUT_MS) } as typeof options)
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no response')))
  try {
    await once(socket, 'secureConnect')
    return describeCertificate(socket, name)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    const hint = HINTS[code] ?? 'The port must speak TLS: check the web server, its log, and the firewall.'
    return failed('tls', `port ${port} of ${name}: ${reasonOf(error)}`, hint)
  } finally {
    socket.destroy()
  }
}

function describeCertificate(socket: TLSSocket, name: string): Diagnostic {
  const expires = new X509Certificate(socket.getPeerCertificate().raw).validToDate
  const days = Math.floor((expires.getTime() - Date.now()) / DAY_MS)
  const message = `the certificate of ${name} is valid for ${days} days (${socket.getProtocol()})`
  return days < EXPIRY_WARNING_DAYS
    ? warning('tls', message, 'Check the renewal: certbot renew --dry-run.')
    : ok('tls', message)
}
