import { gatewayMessageSchema, parseBusMessage } from '@paxyo/contracts'

/** A gateway that was silent for this long is gone; each announces itself every two seconds. */
const SILENCE_MS_MAX = 7_000

interface Announced {
  readonly users: number
  readonly connections: number
  readonly receivedAt: number
}

/** Adds up what all gateways announce. */
export class GatewayCounts {
  readonly #gateways = new Map<string, Announced>()

  receive(payload: string, now: number): void {
    const message = parseBusMessage(gatewayMessageSchema, payload)
    if (message?.type === 'gateway') {
      const { gatewayId, users, connections } = message
      this.#gateways.set(gatewayId, { users, connections, receivedAt: now })
    } else if (message?.type === 'gateway_closed') this.#gateways.delete(message.gatewayId)
  }

  /** @returns undefined while no gateway has announced itself. */
  sum(now: number): { users: number; connections: number; gateways: number } | undefined {
    for (const [gatewayId, { receivedAt }] of this.#gateways) {
      if (now - receivedAt > SILENCE_MS_MAX) this.#gateways.delete(gatewayId)
    }
    if (this.#gateways.size === 0) return undefined
    let [users, connections] = [0, 0]
    for (const gateway of this.#gateways.values()) {
      users += gateway.users
      connections += gateway.connections
    }
    return { users, connections, gateways: this.#gateways.size }
  }
}
