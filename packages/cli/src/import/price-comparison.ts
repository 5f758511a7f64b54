import type { ImportedOrder } from '@paxyo/ledger'
import { totalQuantity } from '@paxyo/order-core'

type PricedOrder = Pick<ImportedOrder, 'provider' | 'service' | 'currency' | 'quantity' | 'runs' | 'charge' | 'remains'>

/** Finds partial orders that cost less than others of their service, by just what was not delivered. */
export interface PriceComparison {
  /** An order without a refund: its charge is the original one. */
  add(order: PricedOrder): void
  addPartial(order: PricedOrder, row: number): void
  /** The rows of partial orders whose charge seems to be lowered. Each is returned once. */
  takeLowered(): number[]
}

interface Partial {
  readonly row: number
  readonly price: bigint
  /** The price, if the charge is what the user paid for the delivered part. */
  readonly originalPrice: bigint
}

interface Service {
  /** Prices for 1,000; users may have different ones. */
  readonly prices: bigint[]
  readonly partials: Partial[]
}

// More would not make the comparison better: it needs examples only.
const SERVICES_MAX = 10_000
const PRICES_MAX = 32
const PARTIALS_MAX = 1_000

export function createPriceComparison(): PriceComparison {
  const services = new Map<string, Service>()

  function serviceOf({ provider, service, currency }: PricedOrder): Service | undefined {
    const key = `${provider}\n${currency}\n${service}`
    const known = services.get(key)
    if (known !== undefined || services.size >= SERVICES_MAX) return known
    const added: Service = { prices: [], partials: [] }
    services.set(key, added)
    return added
  }

  return {
    add(order) {
      const service = serviceOf(order)
      if (service === undefined || service.prices.length >= PRICES_MAX) return
      const price = priceOf(order.charge, sizeOf(order))
      if (price > 0n && !isAmong(service.prices, price)) service.prices.push(price)
    },
    addPartial(order, row) {
      // The delivered quantity of a drip-feed order has two readings, one of which may be the price of another order.
      if (order.runs !== undefined && order.runs > 1) return
      const service = serviceOf(order)
      const quantity = sizeOf(order)
      const delivered = quantity - (order.remains ?? 0)
      if (service === undefined || delivered <= 0 || service.partials.length >= PARTIALS_MAX) return
      const { charge } = order
      service.partials.push({ row, price: priceOf(charge, quantity), originalPrice: priceOf(charge, delivered) })
    },
    takeLowered() {
      return [...services.values()].flatMap(({ prices, partials }) =>
        partials
          .splice(0)
          .filter(({ price, originalPrice }) => !isAmong(prices, price) && isAmong(prices, originalPrice))
          .map(({ row }) => row),
      )
    },
  }
}

const sizeOf = ({ quantity, runs = 1 }: PricedOrder): number => totalQuantity({ quantity, runs })

const priceOf = (charge: bigint, quantity: number): bigint => (charge * 1000n) / BigInt(quantity)

/** Within 0.1 %: panels round charges. */
const isAmong = (prices: readonly bigint[], price: bigint): boolean =>
  prices.some((known) => (known > price ? known - price : price - known) * 1000n <= known)
