import { expect, test } from '@jest/globals'
import { Slices } from '../../src/socket/slices.ts'

const COUNT = 4
const numbers = (size: number): Set<number> => new Set(Array.from({ length: size }, (_, index) => index))
const round = (slices: Slices<number>): number[][] => Array.from({ length: COUNT }, () => slices.next())

test.each([0, 1, 3, 4, 5, 10, 1_001])(
  'a round returns each of %i members once, in slices of about equal size',
  (size) => {
    const slices = new Slices(numbers(size), COUNT)
    for (let rounds = 0; rounds < 3; rounds += 1) {
      const returned = round(slices)
      expect(returned.flat()).toEqual([...numbers(size)])
      const sizes = returned.map(({ length }) => length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }
  },
)

test('members that come and go in a round make none of the others wait', () => {
  const members = numbers(8)
  const slices = new Slices(members, COUNT)
  expect(slices.next()).toEqual([0, 1])
  for (const left of [1, 2, 7]) members.delete(left)
  for (const added of [8, 9, 10]) members.add(added)
  const rest = [slices.next(), slices.next(), slices.next()].flat()
  expect(rest).toEqual(expect.arrayContaining([3, 4, 5, 6]))
  expect(new Set(rest).size).toBe(rest.length)
  expect(round(slices).flat()).toEqual([0, 3, 4, 5, 6, 8, 9, 10])
})
