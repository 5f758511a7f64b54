import { expect, test } from '@jest/globals'
import { arrivalDelays, findDisorder, findLies, type Entry } from '../judge.ts'

/** Event 6 was committed at 10 s, event 7 at 12 s. */
const committed = new Map([
  [6, 10_000],
  [7, 12_000],
])
const live: readonly Entry[] = [
  [1_000, 'snapshot', 5],
  [1_000, 'status', 'live'],
]

test('a live page may be behind for a second, and no longer', () => {
  const punctual: Entry[] = [...live, [11_000, 'event', 6], [12_900, 'event', 7]]
  expect(findLies(punctual, committed, 60_000)).toEqual([])
  const late: Entry[] = [...live, [11_001, 'event', 6], [12_900, 'event', 7]]
  expect(findLies(late, committed, 60_000)).toEqual([{ seq: 6, committedAtMs: 10_000, fromMs: 11_000, toMs: 11_001 }])
})

test('a page that misses an event at the end of its record lies until then', () => {
  expect(findLies([...live, [10_100, 'event', 6]], committed, 60_000)).toMatchObject([
    { seq: 7, fromMs: 13_000, toMs: 60_000 },
  ])
})

test('a page that says that it is not live may be behind', () => {
  const delayed: Entry[] = [
    ...live,
    [10_500, 'status', 'delayed'],
    [20_000, 'event', 6],
    [20_001, 'event', 7],
    [20_002, 'status', 'live'],
  ]
  expect(findLies(delayed, committed, 60_000)).toEqual([])
  const tooEarly: Entry[] = [
    ...delayed.slice(0, 3),
    [20_000, 'event', 6],
    [20_002, 'status', 'live'],
    [20_010, 'event', 7],
  ]
  expect(findLies(tooEarly, committed, 60_000)).toMatchObject([{ seq: 7, fromMs: 20_002, toMs: 20_010 }])
})

test('a page that was asleep has a second after it woke', () => {
  const asleep = (untilMs: number): Entry[] => [
    ...live,
    [30_000, 'gap', 9_000],
    [untilMs, 'event', 6],
    [untilMs, 'event', 7],
  ]
  expect(findLies(asleep(30_900), committed, 60_000)).toEqual([])
  expect(findLies(asleep(31_500), committed, 60_000)).toMatchObject([{ seq: 6, fromMs: 31_000, toMs: 31_500 }])
})

test('short pauses count only for as long as they took', () => {
  const busy: Entry[] = [
    ...live,
    [10_400, 'gap', 10_100],
    [10_900, 'gap', 10_600],
    [11_700, 'event', 6],
    [12_100, 'event', 7],
  ]
  expect(findLies(busy, committed, 60_000)).toMatchObject([{ seq: 6, fromMs: 11_600, toMs: 11_700 }])
})

test('events come once and in order, and a snapshot never goes back', () => {
  expect(findDisorder([...live, [2_000, 'event', 6], [3_000, 'snapshot', 9], [4_000, 'event', 10]])).toEqual([])
  expect(findDisorder([...live, [2_000, 'event', 6], [3_000, 'event', 6]])).toEqual(['event 6 after 6'])
  expect(findDisorder([...live, [2_000, 'event', 7]])).toEqual(['event 7 after 5'])
  expect(findDisorder([...live, [2_000, 'snapshot', 4]])).toEqual(['a snapshot at 4 after 5'])
})

test('delays are those of events that were committed while the page was live and running', () => {
  const entries: Entry[] = [...live, [10_040, 'event', 6], [30_000, 'gap', 11_900], [30_010, 'event', 7]]
  expect(arrivalDelays(entries, committed)).toEqual([40])
})
