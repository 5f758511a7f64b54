import { expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startHaproxy } from '../ha/haproxy.ts'
import { startPatroniCluster } from '../ha/patroni-cluster.ts'
import { superuserUrl } from '../ha/patroni-config.ts'
import type { PatroniNode } from '../ha/patroni-node.ts'

test('a Patroni that starts beside a former primary lets no waiting commit pass, and HAProxy leads to the new one and its standbys', async () => {
  await using resources = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-patroni-'))
  resources.defer(() => rmSync(folder, { recursive: true, force: true }))
  // PostgreSQL does not run as root: its user has a folder in it.
  chmodSync(folder, 0o711)
  const cluster = await startPatroniCluster(folder, resources)
  const { primary: former, synchronous } = await cluster.whole()
  const { primaryPort, standbyPort } = await startHaproxy(cluster.nodes, folder, resources)
  const connect = async ({ postgresPort }: Pick<PatroniNode, 'postgresPort'>): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: superuserUrl(postgresPort) })
    client.on('error', () => undefined)
    await client.connect()
    resources.defer(() => client.end().catch(() => undefined))
    return client
  }
  const isTrue = async (client: pg.Client, condition: string): Promise<boolean> =>
    (await client.query<{ found: boolean }>(`SELECT ${condition} AS found`)).rows[0]!.found

  await former.patroni.kill()
  const promoted = await connect(synchronous)
  await eventually(() => isTrue(promoted, 'NOT pg_is_in_recovery()'))
  const writer = await connect(former)
  const waiting = writer.query('CREATE TABLE acknowledged ()').then(
    () => 'acknowledged',
    () => 'not acknowledged',
  )
  const observer = await connect(former)
  await eventually(() => isTrue(observer, `EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')`))

  former.patroni.start()
  expect(await waiting).toBe('not acknowledged')
  expect(await cluster.whole()).toMatchObject({ primary: { name: synchronous.name } })
  const leads = async (port: number, isReplica: boolean): Promise<boolean> =>
    isTrue(await connect({ postgresPort: port }), `pg_is_in_recovery() = ${isReplica}`)
  expect(await eventually(async () => (await leads(primaryPort, false)) && leads(standbyPort, true))).toBe(true)
})
