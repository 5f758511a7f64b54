import { expect, test } from '@jest/globals'
import { EMPTY_STATE } from '../../page/state/panel-state.ts'
import { reduce } from '../../page/state/reduce.ts'
import { loadState, saveState } from '../../page/state/saved-state.ts'
import { anOrder, aRefund, changed, snapshot } from './orders.ts'

/** A storage like the browser's, in memory. */
function createStorage(charactersMax = Infinity): Storage {
  const items = new Map<string, string>()
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem(key: string, value: string) {
      if (value.length > charactersMax) throw new DOMException('full', 'QuotaExceededError')
      items.set(key, value)
    },
    removeItem: (key: string) => void items.delete(key),
  } as Storage
}

const state = reduce(EMPTY_STATE, [
  snapshot([anOrder('A-2'), anOrder('A-1')]),
  changed(11, anOrder('A-1', { status: 'canceled', refunded: '2.5' }), { refund: aRefund('2.5') }),
])

test('what was saved comes back as it was, its position with it', () => {
  const storage = createStorage()
  saveState(storage, 'user-1', state)
  expect(loadState(storage, 'user-1')).toEqual(state)
})

test('nobody is given what somebody else saved', () => {
  const storage = createStorage()
  saveState(storage, 'user-1', state)
  expect(loadState(storage, 'user-2')).toEqual(EMPTY_STATE)
})

test('what cannot be read is nothing', () => {
  const storage = createStorage()
  for (const item of ['{', 'null', '7', '{"version":0,"userId":"user-1"}', '{"version":1,"userId":"user-1"}']) {
    storage.setItem('paxyo-panel', item)
    expect(loadState(storage, 'user-1')).toEqual(EMPTY_STATE)
  }
})

test('what does not fit is not kept, and neither is what was there before it', () => {
  const storage = createStorage(300)
  saveState(storage, 'user-1', EMPTY_STATE)
  saveState(storage, 'user-1', state)
  expect(storage.getItem('paxyo-panel')).toBeNull()
})
