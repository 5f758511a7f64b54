import { readFileSync } from 'node:fs'
import type { Stack } from './stack.ts'
import { registerOrder } from './workload.ts'

const README = new URL('../../../README.md', import.meta.url)
const MAJOR = /\d+/

/**
 * Makes a backup, registers an order that is not in it, restores, and restarts all services, with the commands of
 * infra/README.md.
 *
 * @returns the differences to the state at the backup.
 */
export async function testBackup(stack: Stack): Promise<string[]> {
  const primary = await stack.primary()
  const [backup, restore] = blocksOf('### Backup').map((block) => block.replaceAll('-T postgres ', `-T ${primary} `))
  const before = await readTotals(stack)
  const dump = (await stack.shell(backup!)).trim()
  await registerOrder(stack, 'after-the-backup', 'browser')
  const lost = await readTotals(stack)
  await stack.shell(restore!.replace('$BACKUP_DIR/paxyo-<date>.dump', dump))

  const after = await readTotals(stack)
  const violations: string[] = []
  if (lost.orders === before.orders) violations.push('no order was registered after the backup')
  if (after.epoch === before.epoch) violations.push('the restored database has the old epoch')
  for (const name of ['orders', 'events', 'money'] as const) {
    if (after[name] !== before[name])
      violations.push(`after the restore ${name} are ${after[name]}, not ${before[name]}`)
  }
  return violations
}

/** A dump needs a pg_dump that is not older than the server. The official image has one. */
export async function hasDumpOfServer(stack: Stack): Promise<boolean> {
  const version = await stack.compose('exec', '-T', await stack.primary(), 'pg_dump', '--version')
  const [[server] = []] = await stack.query('SHOW server_version')
  return Number(MAJOR.exec(version)?.[0]) >= Number(MAJOR.exec(server!)?.[0])
}

interface Totals {
  readonly orders: string | undefined
  readonly events: string | undefined
  readonly money: string | undefined
  readonly epoch: string | undefined
}

async function readTotals(stack: Stack): Promise<Totals> {
  const [[orders, events, money, epoch] = []] = await stack.query(`
    SELECT (SELECT count(*) || ' ' || md5(string_agg(order_id || status || refunded, ',' ORDER BY order_id)) FROM orders),
           (SELECT count(*) || ' ' || md5(string_agg(user_id || seq || md5(event_payload(events)), ',' ORDER BY user_id, seq)) FROM events),
           (SELECT count(*) || ' ' || sum(amount) FROM ledger_entries),
           (SELECT epoch FROM stream_epoch)`)
  return { orders, events, money, epoch }
}

/** The commands under a heading of infra/README.md, block by block. */
function blocksOf(heading: string): string[] {
  const readme = readFileSync(README, 'utf8')
  const [section = ''] = readme.slice(readme.indexOf(`\n${heading}\n`) + heading.length).split(/\n##/)
  return [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block]) => block!)
}
