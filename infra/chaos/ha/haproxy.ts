import { freePort, provideProgram, startProgram } from '@paxyo/testkit'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PatroniNode } from './patroni-node.ts'

const CONFIG = new URL('../../deploy/compose/haproxy-postgres/haproxy.cfg', import.meta.url)

/** HAProxy before PostgreSQL, with the configuration of compose except for addresses. */
export async function startHaproxy(
  nodes: readonly PatroniNode[],
  folder: string,
  resources: AsyncDisposableStack,
): Promise<{ readonly primaryPort: number; readonly standbyPort: number }> {
  const [primaryPort, standbyPort] = [await freePort(), await freePort()]
  const file = join(folder, 'haproxy.cfg')
  const config = nodes.reduce(
    (text, { name, postgresPort, restPort }) =>
      text.replaceAll(`postgres-${name}:5432 check port 8008`, `127.0.0.1:${postgresPort} check port ${restPort}`),
    readFileSync(CONFIG, 'utf8')
      .replace('bind :5432', `bind 127.0.0.1:${primaryPort}`)
      .replace('bind :5433', `bind 127.0.0.1:${standbyPort}`)
      .replace('bind :8404', `bind 127.0.0.1:${await freePort()}`),
  )
  writeFileSync(file, config)
  resources.use(await startProgram(provideProgram(['haproxy'], 'haproxy'), ['-db', '-f', file]))
  return { primaryPort, standbyPort }
}
