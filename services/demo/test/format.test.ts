import { expect, test } from '@jest/globals'
import { describeNotice } from '../page/view/describe.ts'
import { anOrder } from './state/orders.ts'

test('a status that is not known is shown as text', () => {
  const notice = { kind: 'status', seq: 1, at: '', order: anOrder('A-1', { status: 'in_review' }) } as const
  expect(describeNotice(notice).title).toBe('In review')
})
