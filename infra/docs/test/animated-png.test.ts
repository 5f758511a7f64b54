import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { readChunks, toAnimatedPng } from '../pictures/animated-png.ts'

const [panel, console_] = ['panel.png', 'console.png'].map((name) =>
  readFileSync(new URL(`../${name}`, import.meta.url)),
)

test('the frames follow each other, with their delays, and the first one is a picture of its own', () => {
  const moving = toAnimatedPng([console_!, console_!, console_!], [500, 1_000, 250])
  const chunks = readChunks(moving)

  expect(chunks.map(({ type }) => type).join(' ')).toBe('IHDR acTL fcTL IDAT fcTL fdAT fcTL fdAT IEND')
  const dataOf = (wanted: string): Buffer[] => chunks.filter(({ type }) => type === wanted).map(({ data }) => data)
  expect(dataOf('acTL')[0]!.readUInt32BE(0)).toBe(3)
  expect(dataOf('fcTL').map((data) => [data.length, data.readUInt32BE(0), data.readUInt16BE(20)])).toEqual([
    [26, 0, 500],
    [26, 1, 1_000],
    [26, 3, 250],
  ])
  expect(dataOf('fdAT').map((data) => data.readUInt32BE(0))).toEqual([2, 4])
  expect(dataOf('fdAT')[0]!.subarray(4).equals(dataOf('IDAT')[0]!)).toBe(true)
  expect(moving.readUInt32BE(8 + 4 + 4 + 13)).toBe(crc32(moving.subarray(12, 12 + 4 + 13)))
})

test('frames of different sizes are no moving picture', () => {
  expect(() => toAnimatedPng([console_!, panel!], [1, 1])).toThrow('differ')
})

test('the picture of the README moves', () => {
  expect(readChunks(panel!).map(({ type }) => type)).toContain('acTL')
})
