import { connectSocket, mintToken } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from './attack.ts'

const INTERVAL_MS = 100
const QUANTILE = 0.99

/** What a client that attacks nothing notices. */
export interface Noticed {
  readonly samples: number
  readonly failures: number
  readonly ingestMsP99: number
  readonly gatewayMsP99: number
}

/** Asks both services ten times a second, until it is stopped. */
export async function watchAsBystander(
  { ingestUrl, gatewayUrl, panelKey }: Target,
  isOver: () => boolean,
): Promise<Noticed> {
  const client = await connectSocket(gatewayUrl, { token: await mintToken('bystander') })
  await client.next('welcome')
  const ofIngest: number[] = []
  const ofGateway: number[] = []
  let failures = 0
  const measure = async (times: number[], work: () => Promise<boolean>): Promise<void> => {
    const startedAt = performance.now()
    if (!(await work().catch(() => false))) failures += 1
    times.push(performance.now() - startedAt)
  }
  const askIngest = async (): Promise<boolean> => {
    const headers = { authorization: `Bearer ${panelKey}` }
    return (await fetch(`${ingestUrl}/v1/orders?limit=1`, { headers })).ok
  }
  const askGateway = async (): Promise<boolean> => {
    const { pings } = client
    client.send({ type: 'check' })
    while (client.pings === pings && client.socket.readyState === client.socket.OPEN) await sleep(1)
    return client.socket.readyState === client.socket.OPEN
  }
  while (!isOver()) {
    await Promise.all([measure(ofIngest, askIngest), measure(ofGateway, askGateway), sleep(INTERVAL_MS)])
  }
  client.close()
  return {
    samples: ofIngest.length,
    failures,
    ingestMsP99: quantile(ofIngest),
    gatewayMsP99: quantile(ofGateway),
  }
}

function quantile(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * QUANTILE))] ?? 0)
}
