import { expect, test } from '@jest/globals'
import { parseTraceparent, traceOf } from '../src/trace-context.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

test('the trace of the caller is taken on', () => {
  expect(traceOf(`00-${TRACE}-${SPAN}-01`)).toEqual({ trace_id: TRACE, parent_span_id: SPAN })
})

test('a version to come may say more; what we know of it counts', () => {
  expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toEqual({ trace_id: TRACE, parent_span_id: SPAN })
})

test.each([
  ['nothing', undefined],
  ['two headers', [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`]],
  ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['capital letters', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['the forbidden version', `ff-${TRACE}-${SPAN}-01`],
  ['more than version 00 has', `00-${TRACE}-${SPAN}-01-more`],
  ['a line break', `00-${TRACE}-${SPAN}-01\n`],
  ['a book', `01-${TRACE}-${SPAN}-01-${'x'.repeat(1000)}`],
])('%s begins a trace of its own', (_name, header) => {
  expect(parseTraceparent(header)).toBeUndefined()
  expect(traceOf(header).trace_id).toMatch(/^[0-9a-f]{32}$/)
  expect(traceOf(header).trace_id).not.toBe(TRACE)
})
