import { CHARGE } from '../ingest/seed.ts'
import { gatewayEnv, wsGateway } from '../fan-out/variants/ws-gateway.ts'
import { JWT_SECRET } from '../fan-out/variants/variant.ts'
import { startWsLoad } from '../fan-out/ws-load.ts'
import { meanStatementMs } from '../machine/database-work.ts'
import { runSql, startServers } from '../machine/servers.ts'
import { startService } from '../machine/service.ts'
import type { Sample } from '../report/samples.ts'
import { takeTurns } from '../report/rounds.ts'

/** Of each user, for any number of orders: what a snapshot costs is mostly what its orders cost. */
const ORDERS_OF_A_USER = 20
const OPEN_OF_THEM = 2
const SNAPSHOTS = 500
/** Only the statement of snapshots has it. */
const A_SNAPSHOT = 'oldest_closed'

/** Clients that connect one after the other, each for a snapshot of its user's orders. */
export async function measureSnapshots(orders: number, rounds: number): Promise<Sample[]> {
  const users = Math.max(SNAPSHOTS, orders / ORDERS_OF_A_USER)
  await using servers = await startServers(seedSql(orders, users))
  const url = await servers.copyDatabase('snapshots')
  await using service = await startService(wsGateway.script, gatewayEnv(url, servers.redisUrl))
  const target = { variant: wsGateway.name, port: service.port, jwtSecret: JWT_SECRET }
  const variants = [{ name: `${orders} orders` }]
  let firstUser = 0
  // Awaited here, because the servers end with this function.
  return await takeTurns('snapshots', variants, rounds, async () => {
    using load = await startWsLoad()
    await runSql(url, 'SELECT pg_stat_statements_reset()')
    const postgresBefore = servers.postgresCpuSeconds()
    const { elapsedMs } = await load.connect({ ...target, count: SNAPSHOTS, firstUser, atOnceMax: 1 })
    const cpuSeconds = servers.postgresCpuSeconds() - postgresBefore
    // Those of other users, while there are some: the pages of these ones have been read.
    firstUser = (firstUser + SNAPSHOTS) % users
    return {
      'connect, snapshot, live ms': elapsedMs / SNAPSHOTS,
      // A lone client also waits until the gateway begins another query, which is the same for any number of orders.
      'statement ms': await meanStatementMs(url, A_SNAPSHOT),
      'postgres CPU-ms': (cpuSeconds / SNAPSHOTS) * 1000,
    }
  })
}

/** Orders as they come in a panel: those of a user are spread over the table, and only the newest ones are open. */
function seedSql(orders: number, users: number): string {
  return `
    INSERT INTO accounts (user_id, currency) SELECT 'user-' || n, 'USD' FROM generate_series(1, ${users}) AS n;
    INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge, status, created_at)
    SELECT 'order-' || n, 'godofpanel', n::text, 'user-' || (n % ${users} + 1), 'Instagram followers',
      'https://instagram.com/somebody', 1000, ${CHARGE},
      CASE WHEN n > ${orders - users * OPEN_OF_THEM} THEN 'pending' ELSE 'completed' END,
      now() - interval '1 second' * (${orders} - n)
    FROM generate_series(1, ${orders}) AS n;
    UPDATE accounts SET totals_seq = 0, order_counts = counted.orders
    FROM (
      SELECT user_id, json_object_agg(status, count) AS orders
      FROM (SELECT user_id, status, count(*) AS count FROM orders GROUP BY user_id, status) AS by_status
      GROUP BY user_id
    ) AS counted
    WHERE counted.user_id = accounts.user_id`
}
