import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate chain and its key, as PEM. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

/** A certificate authority of a test. */
export interface TestAuthority {
  /** Its certificate, for clients. */
  readonly ca: string
  /** @param names host names and IPv4 addresses; `days` may be 0 for one that has expired at the end of this second. */
  issue(names: readonly string[], days?: number): TestCertificate
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Makes an authority with OpenSSL. */
export function createTestAuthority(): TestAuthority {
  const inFolder = <T>(work: (path: (name: string) => string) => T): T => {
    const folder = mkdtempSync(join(tmpdir(), 'paxyo-authority-'))
    try {
      return work((name) => join(folder, name))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' })
  const read = (path: string): string => readFileSync(path, 'utf8')

  const authority = inFolder((path) => {
    const files = ['-keyout', path('ca.key'), '-out', path('ca.crt')]
    openssl('req', '-x509', ...CURVE, ...files, '-days', '30', '-subj', '/CN=Paxyo test authority')
    return { ca: read(path('ca.crt')), key: read(path('ca.key')) }
  })
  return {
    ca: authority.ca,
    issue: (names, days = 30) =>
      inFolder((path) => {
        writeFileSync(path('ca.crt'), authority.ca)
        writeFileSync(path('ca.key'), authority.key)
        const altNames = names.map((name) => `${/^[\d.]+$/.test(name) ? 'IP' : 'DNS'}:${name}`)
        const signing = ['-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-days', String(days)]
        const subject = ['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${altNames.join(',')}`]
        const files = ['-keyout', path('site.key'), '-out', path('site.crt')]
        openssl(
          'req',
          '-x509',
          ...CURVE,
          ...signing,
          ...subject,
          ...files,
          '-addext',
          'basicConstraints=critical,CA:FALSE',
        )
        return { cert: read(path('site.crt')), key: read(path('site.key')) }
      }),
  }
}
