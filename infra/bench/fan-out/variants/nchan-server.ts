import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// nginx with Nchan, the module that NCHAN names, which passes each message through Redis and stores none. Anybody may
// subscribe to any channel: a check of the token would be a request to another service.

const { NCHAN, HOST, PORT, REDIS_URL } = process.env
const folder = mkdtempSync(join(tmpdir(), 'paxyo-nchan-'))
const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `${name}_temp_path ${join(folder, name)};`)
  .join(' ')
writeFileSync(
  join(folder, 'nginx.conf'),
  `load_module ${NCHAN!};
daemon off;
master_process off;
pid ${join(folder, 'pid')};
error_log stderr error;
events { worker_connections 19000; }
http {
  access_log off;
  ${temporary}
  keepalive_requests 1000000000;
  nchan_shared_memory_size 512M;
  upstream redis { nchan_redis_server ${REDIS_URL!}; nchan_redis_storage_mode nostore; }
  server {
    listen ${HOST!}:${PORT!} backlog=4096;
    location = /livez { return 200; }
    location ~ ^/publish/(.+)$ {
      nchan_publisher http; nchan_channel_id $1; nchan_redis_pass redis; nchan_message_buffer_length 1;
    }
    location ~ ^/subscribe/(.+)$ {
      nchan_subscriber websocket; nchan_channel_id $1; nchan_redis_pass redis; nchan_subscriber_first_message newest;
    }
  }
}`,
)
const child = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', 'stderr'], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
child.once('exit', (code) => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(code ?? 1)
})
