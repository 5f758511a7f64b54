import { hostName, publicPort, publicUrl } from './public-host.ts'
import type { WebServerOptions } from './web-server-options.ts'

/**
 * A server for nginx 1.18 and newer: a file of /etc/nginx/conf.d.
 *
 * @example
 * nginxConfig({ host: 'rt.example.com', port: 8080, cert: '/tls/chain.pem', key: '/tls/key.pem' }).includes('server_name rt.example.com;') //=> true
 */
export function nginxConfig(options: WebServerOptions): string {
  const { port, cert, key, servesConsole = false } = options
  const [name, listen] = [hostName(options), publicPort(options)]
  return `# Paxyo Realtime at ${publicUrl(options)}. To serve it from the panel's own host, move the locations into its server.
# Each open page takes two of nginx's worker_connections: raise them in nginx.conf for more than a few hundred visitors.
upstream paxyo {
  server 127.0.0.1:${port};
  keepalive 16;
}
${listen === 443 ? redirectServer(name) : ''}
server {
  listen ${listen} ssl;
  listen [::]:${listen} ssl;
  server_name ${name};
  ssl_certificate ${cert};
  ssl_certificate_key ${key};
  ssl_protocols TLSv1.2 TLSv1.3;
  # Paxyo rejects a body over 64 KiB itself, and keeps what the provider sent for a replay.
  client_max_body_size 1m;

  proxy_http_version 1.1;
  proxy_set_header Host $host;
  # Not what the client claims: Paxyo throttles wrong credentials by this address.
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header Connection "";

  location = /ws {
    proxy_pass http://paxyo;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    # Paxyo pings every 25 s: a connection that is silent for longer than this is dead.
    proxy_read_timeout 120s;
    proxy_send_timeout 120s;
  }

  # The operator's console.
  location = /operations {
    proxy_pass http://paxyo;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_read_timeout 120s;
    proxy_send_timeout 120s;
  }

  # For pages whose network blocks WebSockets: the response stays open, and each message passes at once.
  location = /stream {
    proxy_pass http://paxyo;
    proxy_buffering off;
    gzip off;
    proxy_read_timeout 120s;
    proxy_send_timeout 120s;
  }

  location ~ ^/paxyo(-[0-9a-f]+)?\\.js$ {
    proxy_pass http://paxyo;
  }

  location /webhooks/ {
    # The path contains the webhook's token: keep it out of both logs. Paxyo logs webhooks itself.
    access_log off;
    error_log /dev/null crit;
    proxy_pass http://paxyo;
    proxy_read_timeout 30s;
  }

${servesConsole ? CONSOLE : `  # The panel API (/v1) stays private: the panel's server calls http://127.0.0.1:${port}.`}
  location / {
    return 404;
  }
}
`
}

const CONSOLE = `  # The operators' console, and the panel API that its page reads. To keep the API private, serve the console at another host.
  location ~ ^/(console|v1)(/|$) {
    proxy_pass http://paxyo;
  }

  # Nothing else is public.`

const redirectServer = (name: string): string => `
server {
  listen 80;
  listen [::]:80;
  server_name ${name};
  location /.well-known/acme-challenge/ {
    root /var/www/html;
  }
  location / {
    # A webhook's URL contains the token here, too.
    access_log off;
    error_log /dev/null crit;
    return 308 https://$host$request_uri;
  }
}
`
