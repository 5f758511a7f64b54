/** The version of the wire protocol, sent in `welcome`. Only a breaking change raises it. */
export const PROTOCOL_VERSION = 1

/** The oldest version that gateways still serve, sent in `welcome`. A client that speaks an older one gives up. */
export const PROTOCOL_VERSION_MIN = 1

/** The number of additive changes within the version, sent in `welcome`, so that clients use only what is served. */
export const PROTOCOL_REVISION = 7

/** Gateways of an earlier revision ignore `check`. */
export const CHECK_REVISION = 3

/** Gateways of an earlier revision ignore `page` and `orders`. */
export const ORDER_REQUESTS_REVISION = 5
/** Gateways of an earlier revision ignore `seen`. */
export const SEEN_REVISION = 6

export interface ProtocolRevision {
  readonly version: number
  /** Counts the additive changes within a version, from 0. */
  readonly revision: number
  /** Of the wire schemas. */
  readonly schemaHash: string
  readonly change: string
}

/**
 * Every change of the wire protocol, oldest first. Deployed clients use all of these, so entries are never edited. A
 * test reports whether a change of the schemas is additive or breaking, and what to add here.
 */
export const PROTOCOL_HISTORY: readonly ProtocolRevision[] = [
  {
    version: 1,
    revision: 0,
    schemaHash: '98ff28f5d3edec0a',
    change: '`hello`, `refresh`, `pong`; `welcome`, `event`, `ping`, `drain`, `error`.',
  },
  {
    version: 1,
    revision: 1,
    schemaHash: 'dbfa4d11dd801432',
    change: '`welcome` has `minProtocol`; gateways ignore message types that they do not know.',
  },
  {
    version: 1,
    revision: 2,
    schemaHash: '5a70e73b7b710305',
    change: 'The lengths of amounts and currencies are stated; every one that was valid still is.',
  },
  {
    version: 1,
    revision: 3,
    schemaHash: '012207f9dcd96277',
    change:
      '`check`; `welcome` has `revision`; `delayed`, `live`; `error` has `request` when the connection stays open; close codes for tokens that are ' +
      'not valid yet and for too many connections, after which clients reconnect.',
  },
  {
    version: 1,
    revision: 4,
    schemaHash: '397b1b351ac24ca5',
    change: 'The `providerOrderId` of an order is empty while the order has no provider order.',
  },
  {
    version: 1,
    revision: 5,
    schemaHash: 'de5c3ecbd87f1df4',
    change:
      'Clients ask for older orders with `page`, and for some with `orders`; `welcome` has `totals` and `older`, events have ' +
      '`totals`, orders have `createdAt`, and `error` has `retryAfterMs`.',
  },
  {
    version: 1,
    revision: 6,
    schemaHash: '0cd6b6f4a95fb269',
    change:
      '`seen`; `hello` has `seen`; close codes for revoked tokens, after which clients get a new one, and for users that the panel has ' +
      'disconnected, after which they reconnect.',
  },
  {
    version: 1,
    revision: 7,
    schemaHash: 'd9f432463d354bcb',
    change: '`account` has `mode`, which says whether the balance is kept here or by the panel.',
  },
]
