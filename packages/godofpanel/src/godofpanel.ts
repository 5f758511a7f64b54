import type { Provider, StatusMap } from '@paxyo/order-core'
import {
  createGodOfPanelClient,
  type GodOfPanelClient,
  type GodOfPanelClientOptions,
} from './client/provider-client.ts'
import { parseUpdates } from './parse-updates.ts'
import { createStatusReader, readerOf, type ReadStatus } from './status-words.ts'

export interface GodOfPanelOptions {
  /** The provider's name, for another provider of this API family. */
  readonly name?: string
  /** The meaning of its status words, in addition to `STATUS_WORDS`. */
  readonly statusMap?: StatusMap
  /** Its API v2; without it the provider has no client. */
  readonly api?: GodOfPanelClientOptions | undefined
}

/** A provider whose whole API can be used. */
export interface GodOfPanel extends Provider {
  readonly client?: GodOfPanelClient | undefined
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * GodOfPanel, or another provider of the same API family.
 *
 * @example
 * const provider = createGodOfPanel({ statusMap: { '5': 'canceled' } })
 * provider.name //=> 'godofpanel'
 * provider.statusMap //=> { '5': 'canceled' }
 */
export function createGodOfPanel({ name = 'godofpanel', statusMap = {}, api }: GodOfPanelOptions = {}): GodOfPanel {
  const readConfigured = createStatusReader(statusMap)
  let readMapped = readerOf()
  const readStatus: ReadStatus = (word) => {
    const status = readConfigured(word)
    return status === 'unknown' ? readMapped(word) : status
  }
  return {
    name,
    statusMap,
    readStatus,
    mapWords(words) {
      readMapped = readerOf(words)
    },
    client: api && createGodOfPanelClient(api, readStatus),
    parseUpdates(contentType, bytes) {
      const format = isJson(contentType) ? 'json' : 'form'
      const text = decodeUtf8(bytes)
      if (text === undefined) return { error: `malformed_${format}`, detail: 'the body is not UTF-8' }
      return parseUpdates(format, text, readStatus)
    },
  }
}

/** Media types are case-insensitive. */
const isJson = (contentType = ''): boolean => /^[^;]*\bjson\b/i.test(contentType)

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
