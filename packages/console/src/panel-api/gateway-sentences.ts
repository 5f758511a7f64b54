import type { Sentence } from '@paxyo/database/diagnostics'

export const GATEWAY_CHECKS = ['bus', 'gateways'] as const

/** What the checks of the bus and the gateways find, by code. */
export const GATEWAY_SENTENCES = {
  bus_ok: { message: 'messages arrive' },
  bus_silent: {
    message: 'messages of the bus do not arrive',
    hint: 'Is Redis running, and can this service reach it?',
  },
  bus_slow: {
    message: 'a message takes {ms} ms to a gateway',
    hint: 'Look at the load of Redis and the network to it.',
  },
  gateway_versions: { message: '{count} gateways run the versions {versions}', hint: 'Finish the update.' },
  gateways_found: { message: '{count} announce themselves' },
  gateways_none: { message: 'no gateway announces itself', hint: 'Start ws-gateway.' },
} as const satisfies Readonly<Record<string, Sentence>>
