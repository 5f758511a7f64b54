import { randomUUID } from 'node:crypto'

/** The log fields of a trace, named as in OpenTelemetry. */
export interface TraceFields {
  readonly trace_id: string
  /** The caller's span; not set when the trace begins here. */
  readonly parent_span_id?: string
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

/**
 * Parses a `traceparent` header (W3C Trace Context, version 00 and later versions that begin like it).
 *
 * @returns undefined when there is none or it is not valid, as the recommendation requires.
 * @example
 * parseTraceparent('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')?.parent_span_id //=> '00f067aa0ba902b7'
 * parseTraceparent('a trace') //=> undefined
 */
export function parseTraceparent(header: string | string[] | undefined): TraceFields | undefined {
  // Longer than version 00: later versions may add fields.
  if (typeof header !== 'string' || header.length > 256) return undefined
  const [, version, traceId, spanId, rest] = TRACEPARENT.exec(header) ?? []
  if (traceId === undefined || spanId === undefined || version === 'ff') return undefined
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined
  if (version === '00' && rest !== undefined) return undefined
  return { trace_id: traceId, parent_span_id: spanId }
}

/**
 * The caller's trace, or one that begins here.
 *
 * @example
 * traceOf(undefined).trace_id.length //=> 32
 */
export function traceOf(header: string | string[] | undefined): TraceFields {
  return parseTraceparent(header) ?? { trace_id: randomUUID().replaceAll('-', '') }
}
