import type { ProtocolRevision } from '../src/data/protocol-version.ts'

export interface WireChange {
  /** The versions in the code. */
  readonly version: number
  readonly versionMin: number
  readonly history: readonly ProtocolRevision[]
  /** Of the current schemas. */
  readonly schemaHash: string
  /** What the schemas no longer read of the recorded frames of this version, or allow in addition. */
  readonly breaks: readonly string[]
}

/** What to do about a change of the wire schemas; empty when the history is up to date. */
export function explainChange({ version, versionMin, history, schemaHash, breaks }: WireChange): string {
  const last = history.at(-1)!
  if (last.version === version && last.schemaHash === schemaHash) return ''
  if (last.version > version) return `PROTOCOL_VERSION is ${version}, and the history goes on to ${last.version}.`
  if (last.version < version) return whatToAdd('The protocol has a new version.', version, 0, schemaHash)
  if (breaks.length === 0) {
    const verdict =
      `ADDITIVE: the wire schemas changed, and every recorded frame of protocol ${version} still means what it meant.\n` +
      `Leave PROTOCOL_VERSION at ${version}.`
    return whatToAdd(verdict, version, last.revision + 1, schemaHash)
  }
  return [
    `BREAKING: the wire schemas changed, and clients of protocol ${version} would misread them:`,
    ...breaks.map((found) => `  - ${found}`),
    'Undo that and add an optional member, a type of message or a kind of event instead; those are additive.',
    `If it must be: raise PROTOCOL_VERSION to ${version + 1}. Keep PROTOCOL_VERSION_MIN at ${versionMin} while gateways still`,
    'serve that version too; raising it ends pages with older clients until they are reloaded. Keep a build of the last',
    `client of protocol ${version} in packages/browser-client/test/released. Then:`,
    whatToAdd('', version + 1, 0, schemaHash),
  ].join('\n')
}

function whatToAdd(verdict: string, version: number, revision: number, schemaHash: string): string {
  return [
    ...(verdict === '' ? [] : [verdict]),
    '1. Add to PROTOCOL_HISTORY in src/data/protocol-version.ts:',
    `     { version: ${version}, revision: ${revision}, schemaHash: '${schemaHash}', change: '…' }`,
    `2. Record frames that show ${revision === 0 ? 'everything' : 'what is new'} in test/frames/${version}.${revision}.json.`,
  ].join('\n')
}
