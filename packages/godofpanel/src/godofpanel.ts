import type { Provider, StatusMap } from '@paxyo/order-core'
import {
  createGodOfPanelClient,
  type GodOfPanelClient,
  type GodOfPanelClientOptions,
} from './client/provider-client.ts'
import { parseUpdates } from './parse-updates.ts'
import { createStatusReader } from './status-words.ts'

export interface GodOfPanelOptions {
  /** The provider's name; several of this API family go by names of their own. */
  readonly name?: string
  /** What its words mean, beside `STATUS_WORDS`. */
  readonly statusMap?: StatusMap
  /** Its API v2; without it the provider cannot be asked. */
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
 * @example const provider = createGodOfPanel({ api: { url: 'https://godofpanel.com/api/v2', key } })
 */
export function createGodOfPanel({ name = 'godofpanel', statusMap = {}, api }: GodOfPanelOptions = {}): GodOfPanel {
  const readStatus = createStatusReader(statusMap)
  return {
    name,
    statusMap,
    readStatus,
    client: api && createGodOfPanelClient(api, readStatus),
    parseUpdates(contentType, bytes) {
      const format = isJson(contentType) ? 'json' : 'form'
      const text = decodeUtf8(bytes)
      if (text === undefined) return { error: `malformed_${format}`, detail: 'the body is not UTF-8' }
      return parseUpdates(format, text, readStatus)
    },
  }
}

/** Case makes no difference in a media type. */
const isJson = (contentType = ''): boolean => /^[^;]*\bjson\b/i.test(contentType)

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
