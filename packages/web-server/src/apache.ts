import { hostName, publicPort, publicUrl } from './public-host.ts'
import type { WebServerOptions } from './web-server-options.ts'

/**
 * A virtual host for Apache 2.4.47 and newer: a file of /etc/apache2/sites-available.
 *
 * @example
 * apacheConfig({ host: 'rt.example.com', port: 8080, cert: '/tls/chain.pem', key: '/tls/key.pem' }).includes('ServerName rt.example.com') //=> true
 */
export function apacheConfig(options: WebServerOptions): string {
  const { port, cert, key, servesConsole = false } = options
  const [name, listen] = [hostName(options), publicPort(options)]
  const backend = `http://127.0.0.1:${port}`
  return `# Paxyo Realtime at ${publicUrl(options)}. It needs: a2enmod ssl headers proxy proxy_http
# To serve it from the panel's own host, move the lines from SetEnvIf to the last ProxyPass into its virtual host.
# Each open page takes a thread: raise ThreadsPerChild and MaxRequestWorkers of mpm_event above the number of visitors.
${listen === 443 ? redirectHost(name) : ''}
<VirtualHost *:${listen}>
  ServerName ${name}
  SSLEngine on
  SSLProtocol -all +TLSv1.2 +TLSv1.3
  SSLCertificateFile ${cert}
  SSLCertificateKeyFile ${key}

${LOGS}

  # Not what the client claims: Paxyo throttles wrong credentials by the address that Apache adds.
  RequestHeader unset X-Forwarded-For
  RequestHeader set X-Forwarded-Proto https
  ProxyRequests Off
  ProxyPreserveHost On
  # Paxyo pings every 25 s: a connection that is silent for longer than this is dead.
  ProxyTimeout 120
  ProxyPass "/ws" "${backend}/ws" upgrade=websocket
  # The operator's console.
  ProxyPass "/operations" "${backend}/operations" upgrade=websocket
  # For pages whose network blocks WebSockets: the response stays open, and each message passes at once.
  ProxyPass "/stream" "${backend}/stream" flushpackets=on
  ProxyPassMatch "^(/paxyo(?:-[0-9a-f]+)?\\.js)$" "${backend}$1"
  ProxyPass "/webhooks/" "${backend}/webhooks/"

${
  servesConsole
    ? `  # The console's page reads the panel API. To keep the API private, serve the console at another host.
  ProxyPassMatch "^(/(?:console|v1)(?:/.*)?)$" "${backend}$1"`
    : `  # The panel API (/v1) stays private: the panel's server calls ${backend}.`
}
  RedirectMatch 404 "^/(?!ws$|stream$|operations$|paxyo(-[0-9a-f]+)?\\.js$|webhooks/${servesConsole ? '|(console|v1)(/|$)' : ''})"
</VirtualHost>
`
}

/** A redirected webhook's URL contains the token, too. */
const LOGS = `  # The path contains the webhook's token: keep it out of both logs. Paxyo logs webhooks itself.
  SetEnvIf Request_URI "^/webhooks/" paxyo_webhook
  CustomLog "\${APACHE_LOG_DIR}/paxyo.log" combined env=!paxyo_webhook
  <Location "/webhooks/">
    LogLevel emerg
  </Location>`

const redirectHost = (name: string): string => `
<VirtualHost *:80>
  ServerName ${name}
  DocumentRoot /var/www/html
${LOGS}
  RedirectMatch 308 "^/(?!\\.well-known/acme-challenge/)(.*)$" "https://${name}/$1"
</VirtualHost>
`
