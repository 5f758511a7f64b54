import { expect, test } from '@jest/globals'
import { describeNotice } from '../page/view/describe.ts'
import { statusLabel } from '../page/view/format.ts'
import { anOrder } from './state/orders.ts'

test('a status that is not known is shown as text', () => {
  expect(['in_progress', 'in_review', 'toString'].map((status) => statusLabel(status))).toEqual([
    'In progress',
    'In review',
    'ToString',
  ])
  const notice = { kind: 'status', seq: 1, at: '', order: anOrder('A-1', { status: 'in_review' }) } as const
  expect(describeNotice(notice).title).toBe('In review')
})
