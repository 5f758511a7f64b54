import { compactPayload } from '@paxyo/database'
import { setTimeout as sleep } from 'node:timers/promises'
import { gatewayEnv, wsGateway } from '../fan-out/variants/ws-gateway.ts'
import { startWsLoad } from '../fan-out/ws-load.ts'
import { startService } from '../machine/service.ts'
import { runSql, startServers } from '../machine/servers.ts'
import type { Report } from '../report/samples.ts'
import { takeTurns } from '../report/rounds.ts'
import { eventText, JWT_SECRET } from '../fan-out/variants/variant.ts'

export interface ReconnectStormOptions {
  readonly rounds: number
  /** How many clients reconnect, one for each user. */
  readonly clients: number
  /** How many events each has missed. */
  readonly behind: number
  readonly nodeArgs: readonly string[]
}

const SETTLE_MS = 1_000

/** A gateway dies, and all of its clients reconnect to another one at once, each some events behind. */
export async function benchReconnectStorm({
  rounds,
  clients,
  behind,
  nodeArgs,
}: ReconnectStormOptions): Promise<Report> {
  await using servers = await startServers(seedSql(clients, behind))
  const url = await servers.copyDatabase('reconnect_to')
  const [stream] = await runSql<{ epoch: string }>(url, 'SELECT epoch FROM stream_epoch')
  const env = gatewayEnv(url, servers.redisUrl)
  const load = { variant: wsGateway.name, count: clients, jwtSecret: JWT_SECRET }
  const samples = await takeTurns(
    `${clients} clients, ${behind} events behind`,
    [wsGateway],
    rounds,
    async (): Promise<Record<string, number>> => {
      await using dying = await startService(wsGateway.script, env)
      await using other = await startService(wsGateway.script, env, { nodeArgs })
      using clientsLoad = await startWsLoad()
      await clientsLoad.connect({ ...load, port: dying.port })
      await clientsLoad.disconnect()
      dying.child.kill('SIGKILL')
      await sleep(SETTLE_MS)
      await runSql(url, 'SELECT pg_stat_statements_reset()')
      const [nodeBefore, postgresBefore] = [other.cpuSeconds(), servers.postgresCpuSeconds()]
      const position = { epoch: stream!.epoch, seq: 0 }
      const { elapsedMs, retries } = await clientsLoad.connect({
        ...load,
        port: other.port,
        resume: position,
        eventsFirst: behind,
      })
      return {
        'last one live s': elapsedMs / 1000,
        queries: await countQueries(url),
        retries,
        'node CPU-s': other.cpuSeconds() - nodeBefore,
        'postgres CPU-s': servers.postgresCpuSeconds() - postgresBefore,
      }
    },
  )
  return { name: 'reconnect-storm', subject: wsGateway.name, samples, remarks: [] }
}

/** Users with `behind` events each, which their clients have not received. */
function seedSql(users: number, behind: number): string {
  // The seq of an event is not part of what is stored.
  const compact = compactPayload(eventText(0), 0, new Date())
  return `
    INSERT INTO accounts (user_id, currency, last_seq) SELECT 'user-' || n, 'USD', ${behind} FROM generate_series(1, ${users}) AS n;
    INSERT INTO events (user_id, seq, at, compact)
    SELECT 'user-' || n, seq, now(), '${compact}'
    FROM generate_series(1, ${users}) AS n, generate_series(1, ${behind}) AS seq`
}

/** How many statements the gateway has sent. */
async function countQueries(url: string): Promise<number> {
  const [row] = await runSql<{ calls: string }>(
    url,
    `SELECT coalesce(sum(calls), 0) AS calls FROM pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND userid = (SELECT oid FROM pg_roles WHERE rolname = 'paxyo_gateway')`,
  )
  return Number(row!.calls)
}
