import { publicUrl } from './public-host.ts'
import type { WebServerOptions } from './web-server-options.ts'

/** The suggested file: without another one Caddy gets the certificate itself. */
const isLetsEncryptsFile = (cert: string): boolean => cert.startsWith('/etc/letsencrypt/')

/**
 * A site for Caddy 2.6 and newer: part of /etc/caddy/Caddyfile.
 *
 * @example
 * caddyConfig({ host: 'rt.example.com', port: 8080, cert: '/tls/chain.pem', key: '/tls/key.pem' }).includes('reverse_proxy 127.0.0.1:8080') //=> true
 */
export function caddyConfig(options: WebServerOptions): string {
  const { port, cert, key, servesConsole = false } = options
  const tls = isLetsEncryptsFile(cert)
    ? '\t# Caddy gets and renews the certificate itself.\n'
    : `\ttls ${cert} ${key}\n`
  return `# Paxyo Realtime. To serve it from the panel's own host, move the matcher and its handle into its site.
${publicUrl(options)} {
${tls}
\t@paxyo path_regexp ^/(ws|stream|operations|paxyo(-[0-9a-f]+)?\\.js|webhooks/.*${servesConsole ? '|(console|v1)(/.*)?' : ''})$
\thandle @paxyo {
\t\t# Caddy forwards WebSockets without a time-out, passes the events of /stream on at once, and sets
\t\t# X-Forwarded-For to the client's address.
\t\treverse_proxy 127.0.0.1:${port}
\t}
\t# ${
    servesConsole
      ? "The console's page reads the panel API (/v1). To keep the API private, serve the console at another host."
      : `The panel API (/v1) stays private: the panel's server calls http://127.0.0.1:${port}.`
  }
\thandle {
\t\trespond 404
\t}
\t# A webhook's path contains its token: without this, Caddy would log the path when Paxyo does not respond.
\thandle_errors {
\t\trespond "{err.status_text}"
\t}
}
`
}
