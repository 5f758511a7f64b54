import { freePort, provideProgram, startProgram } from '@paxyo/testkit'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PatroniNode } from './patroni-node.ts'

/** HAProxy before PostgreSQL, with Patroni's check, as in compose. Returns its port. */
export async function startHaproxy(
  nodes: readonly PatroniNode[],
  folder: string,
  resources: AsyncDisposableStack,
): Promise<number> {
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  const servers = nodes.map(
    ({ name, postgresPort, restPort }) => `  server ${name} 127.0.0.1:${postgresPort} check port ${restPort}`,
  )
  const config = `
defaults
  mode tcp
  timeout connect 3s
  timeout client 30m
  timeout server 30m
listen postgres
  bind 127.0.0.1:${port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  timeout check 2s
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
${servers.join('\n')}
`
  writeFileSync(file, config)
  resources.use(await startProgram(provideProgram(['haproxy'], 'haproxy'), ['-db', '-f', file]))
  return port
}
