import { expect, test } from '@jest/globals'
import { EMPTY_STATE } from '../../page/state/panel-state.ts'
import { createStore } from '../../page/state/store.ts'
import { toastsFor, withToasts } from '../../page/state/toasts.ts'
import { anOrder, changed, snapshot } from './orders.ts'

test('a thousand changes are one step, taken when it is scheduled', () => {
  const scheduled: (() => void)[] = []
  const steps: number[] = []
  const store = createStore(
    EMPTY_STATE,
    (task) => {
      scheduled.push(task)
      return () => undefined
    },
    (state, before, changes) => {
      expect(before).toBe(EMPTY_STATE)
      expect(state).toBe(store.state)
      steps.push(changes.length)
    },
  )
  store.push(snapshot([]))
  for (let seq = 11; seq <= 1010; seq += 1) store.push(changed(seq, anOrder(`B-${seq}`), { isNew: true }))
  expect([scheduled.length, steps, store.state]).toEqual([1, [], EMPTY_STATE])

  scheduled[0]!()
  expect([steps, store.state.orders.size, store.state.position?.seq]).toEqual([[1001], 1000, 1010])
  store.flush()
  expect(steps).toEqual([1001])
})

test('a flush takes the scheduled step back', () => {
  let cancelled = 0
  const store = createStore(
    EMPTY_STATE,
    () => () => (cancelled += 1),
    () => undefined,
  )
  store.push(snapshot([]))
  store.flush()
  expect([cancelled, store.state.position?.seq]).toEqual([1, 10])
})

test('few notices pop up one by one, many as one', () => {
  const notices = Array.from({ length: 4 }, (_, index) => ({
    kind: 'status' as const,
    seq: index,
    at: '',
    order: anOrder('A-1'),
    ...(index < 2 ? { refund: { refundId: 'r', amount: '1', currency: 'USD' } } : {}),
  }))
  expect(toastsFor(notices.slice(0, 3))).toHaveLength(3)
  expect(toastsFor(notices)).toEqual([{ kind: 'many', count: 4, refunds: 2 }])

  // What comes while others are shown is summed up with them.
  const [first, second, third, fourth] = notices.map((notice) => toastsFor([notice])[0]!)
  expect(withToasts([first!], [second!, third!])).toEqual([first, second, third])
  const many = withToasts([first!, second!, third!], [fourth!])
  expect(many).toEqual([{ kind: 'many', count: 4, refunds: 2 }])
  expect(withToasts(many, [first!])).toEqual([{ kind: 'many', count: 5, refunds: 3 }])
})
