import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Sequencer } from '../../src/stream/sequencer.ts'

const HELD_BYTES_MAX = 1_000_000

const bytesOf = (seq: number): Buffer => Buffer.from(`event ${seq}`)
const seqsOf = (frames: readonly Buffer[]): number[] => frames.map((frame) => Number(frame.toString().split(' ')[1]))

/** A sequencer of seqs instead of bytes. */
function sequence(heldBytesMax = HELD_BYTES_MAX) {
  const sequencer = new Sequencer(heldBytesMax)
  return {
    start: (seq: number) => seqsOf(sequencer.start(seq)),
    offer: (seq: number) => seqsOf(sequencer.offer(seq, bytesOf(seq))),
    get hasGap() {
      return sequencer.hasGap
    },
    get last() {
      return sequencer.last
    },
  }
}

describe('before the start', () => {
  test('everything is held, because nobody knows yet what the client has', () => {
    const sequencer = sequence()

    expect(sequencer.offer(1)).toEqual([])
    expect(sequencer.offer(2)).toEqual([])
    expect(sequencer.last).toBeUndefined()
    expect(sequencer.hasGap).toBe(false)
  })

  test('starting releases what comes next and drops what the client has', () => {
    const sequencer = sequence()
    for (const seq of [7, 5, 6, 4]) sequencer.offer(seq)

    expect(sequencer.start(5)).toEqual([6, 7])
    expect(sequencer.hasGap).toBe(false)
  })

  test('starting before a gap releases nothing and shows the gap', () => {
    const sequencer = sequence()
    sequencer.offer(7)

    expect(sequencer.start(5)).toEqual([])
    expect(sequencer.hasGap).toBe(true)
  })
})

describe('after the start', () => {
  test('the next event is released as it is', () => {
    const sequencer = new Sequencer(HELD_BYTES_MAX)
    sequencer.start(0)
    const bytes = bytesOf(1)

    expect(sequencer.offer(1, bytes)[0]).toBe(bytes)
  })

  test('what was seen before is dropped', () => {
    const sequencer = sequence()
    sequencer.start(3)

    expect([2, 3, 4, 4].map((seq) => sequencer.offer(seq))).toEqual([[], [], [4], []])
  })

  test('what comes too early is held until the gap before it closes', () => {
    const sequencer = sequence()
    sequencer.start(0)

    expect(sequencer.offer(3)).toEqual([])
    expect(sequencer.hasGap).toBe(true)
    expect(sequencer.offer(1)).toEqual([1])
    expect(sequencer.hasGap).toBe(true)
    expect(sequencer.offer(2)).toEqual([2, 3])
    expect(sequencer.hasGap).toBe(false)
  })
})

describe('when more would be held than may be', () => {
  const TWO_EVENTS = 2 * bytesOf(2).length

  test('what is held is forgotten, but not that there is a gap', () => {
    const sequencer = sequence(TWO_EVENTS)
    sequencer.start(0)
    for (const seq of [2, 3, 4]) expect(sequencer.offer(seq)).toEqual([])

    expect(sequencer.offer(1)).toEqual([1])
    expect(sequencer.last).toBe(1)
    expect(sequencer.hasGap).toBe(true)
  })

  test('the same events offered again, in order, all come out', () => {
    const sequencer = sequence(TWO_EVENTS)
    sequencer.start(0)
    for (const seq of [2, 3, 4, 5]) sequencer.offer(seq)

    expect([1, 2, 3, 4, 5].flatMap((seq) => sequencer.offer(seq))).toEqual([1, 2, 3, 4, 5])
    expect(sequencer.hasGap).toBe(false)
  })

  test('what the client has takes no room', () => {
    const sequencer = sequence(1.5 * TWO_EVENTS)
    sequencer.start(3)
    for (const seq of [1, 2, 3, 5, 6, 2, 1]) expect(sequencer.offer(seq)).toEqual([])

    expect(sequencer.offer(4)).toEqual([4, 5, 6])
  })

  test('this may happen before the start too', () => {
    const sequencer = sequence(TWO_EVENTS)
    for (const seq of [1, 2, 3]) sequencer.offer(seq)

    sequencer.start(0)
    expect(sequencer.hasGap).toBe(true)
    expect([1, 2, 3].flatMap((seq) => sequencer.offer(seq))).toEqual([1, 2, 3])
    expect(sequencer.hasGap).toBe(false)
  })
})

const SEQ_MAX = 20

/** Any of 1 … n in any order, some twice, some never; and after how many of them the stream starts. */
const aHistory = fc.integer({ min: 1, max: SEQ_MAX }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    offered: fc.array(fc.integer({ min: 1, max: n }), { maxLength: 3 * n }),
    startsAfter: fc.nat(3 * n),
    startsAt: fc.nat(n),
  }),
)

/** The oracle: the seqs that must have been released so far, and whether there is a gap. */
function expected(offered: ReadonlySet<number>, startsAt: number | undefined): { released: number[]; hasGap: boolean } {
  if (startsAt === undefined) return { released: [], hasGap: false }
  const released: number[] = []
  for (let seq = startsAt + 1; offered.has(seq); seq += 1) released.push(seq)
  return { released, hasGap: Math.max(...offered, 0) > startsAt + released.length }
}

test('whatever is offered in whatever order, each event leaves once, in order, as soon as it can', () => {
  fc.assert(
    fc.property(aHistory, ({ n, offered, startsAfter, startsAt }) => {
      const sequencer = sequence()
      const released: number[] = []
      const known = new Set<number>()
      let started: number | undefined
      const check = (frames: readonly number[]): void => {
        released.push(...frames)
        expect({ released, hasGap: sequencer.hasGap }).toEqual(expected(known, started))
      }
      const begin = (): void => {
        started = startsAt
        check(sequencer.start(startsAt))
      }

      offered.forEach((seq, index) => {
        if (index === startsAfter) begin()
        known.add(seq)
        check(sequencer.offer(seq))
      })
      if (started === undefined) begin()
      // Then all remaining events come.
      for (let seq = startsAt + 1; seq <= n; seq += 1) released.push(...sequencer.offer(seq))
      expect(released).toEqual(Array.from({ length: n - startsAt }, (_, index) => startsAt + 1 + index))
    }),
    { numRuns: 1000 },
  )
})

test('however little may be held, nothing leaves twice or out of order, and no gap is overlooked', () => {
  fc.assert(
    fc.property(aHistory, fc.integer({ min: 0, max: 60 }), ({ offered, startsAfter, startsAt }, heldBytesMax) => {
      const sequencer = sequence(heldBytesMax)
      const released: number[] = []
      let highest = 0
      offered.forEach((seq, index) => {
        if (index === startsAfter) released.push(...sequencer.start(startsAt))
        highest = Math.max(highest, seq)
        released.push(...sequencer.offer(seq))
      })
      if (sequencer.last === undefined) released.push(...sequencer.start(startsAt))

      expect(released).toEqual(released.map((_, index) => startsAt + 1 + index))
      expect(sequencer.last).toBe(startsAt + released.length)
      expect(sequencer.hasGap).toBe(highest > sequencer.last!)
      // A backfill offers all missing events, in order.
      for (let seq = sequencer.last! + 1; seq <= highest; seq += 1) sequencer.offer(seq)
      expect(sequencer.hasGap).toBe(false)
    }),
    { numRuns: 1000 },
  )
})
