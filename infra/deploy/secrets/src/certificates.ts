// @peculiar/x509 requires this import before its own.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { isIP } from 'node:net'
import { randomBytes, webcrypto } from 'node:crypto'

/** A certificate and its key, both as PEM. */
export interface CertificateAndKey {
  readonly certificate: string
  readonly key: string
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
/** For machines whose clock is behind. */
const BACKDATED_MS = DAY_MS
const SERIAL_BYTES = 16

/** A private authority. The services trust it alone for the certificates of PostgreSQL and Redis. */
export async function makeAuthority(name: string, now: Date, days: number): Promise<CertificateAndKey> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...common(now, days),
    name: `CN=${name}`,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: pemOf(certificate), key: await keyToPem(keys.privateKey) }
}

/** @param hosts names or addresses of the server; the first one is the certificate's subject. */
export async function makeServerCertificate(
  authority: CertificateAndKey,
  hosts: readonly [string, ...string[]],
  now: Date,
  days: number,
): Promise<CertificateAndKey> {
  const issuer = new X509Certificate(authority.certificate)
  const signingKey = await keyFromPem(authority.key)
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    ...common(now, days),
    subject: `CN=${hosts[0]}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  })
  return { certificate: pemOf(certificate), key: await keyToPem(keys.privateKey) }
}

function common(now: Date, days: number) {
  return {
    serialNumber: randomBytes(SERIAL_BYTES).toString('hex'),
    notBefore: new Date(now.getTime() - BACKDATED_MS),
    notAfter: new Date(now.getTime() + days * DAY_MS),
    signingAlgorithm: ALGORITHM,
  }
}

const pemOf = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`

async function keyToPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}

function keyFromPem(pem: string): Promise<webcrypto.CryptoKey> {
  const [bytes] = PemConverter.decode(pem)
  if (bytes === undefined) throw new Error('the PEM contains no key')
  return webcrypto.subtle.importKey('pkcs8', bytes, ALGORITHM, false, ['sign'])
}
