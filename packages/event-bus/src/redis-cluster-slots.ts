import calculateSlot from 'cluster-key-slot'
import type { HostAndPort } from './redis-address.ts'

/** The nodes and their slots, from one node's `CLUSTER SLOTS`. */
export class SlotMap {
  readonly #ranges: readonly { first: number; last: number; owner: HostAndPort }[]

  /** @param reply of `CLUSTER SLOTS`: `[first, last, [host, port, …] of the master, …]` for each range. */
  constructor(reply: unknown, askedHost: string) {
    this.#ranges = (reply as [number, number, [string | null, number]][]).map(([first, last, [host, port]]) => ({
      first,
      last,
      // A node that does not know its own address omits it.
      owner: { host: host === null || host === '' ? askedHost : host, port },
    }))
  }

  ownerOf(channel: string): HostAndPort | undefined {
    const slot = slotOf(channel)
    return this.#ranges.find(({ first, last }) => first <= slot && slot <= last)?.owner
  }
}

/** The slot of a channel. It is the slot of the channel's hash tag, so the prefix does not matter. */
export function slotOf(channel: string): number {
  return calculateSlot(channel)
}
