import { expect, test } from '@jest/globals'
import { toTables } from '../report/report.ts'
import type { Sample } from '../report/samples.ts'

const NOISE = { steal: 0, idle: 0.2, loopMs: 22 }
const sample = (variant: string, perSecond: number): Sample => ({
  load: '256 connections',
  variant,
  figures: { 'webhooks/s': perSecond },
  noise: NOISE,
})

test('a ratio is that of each round, with its spread: a machine that was slow for a round does not change it', () => {
  const samples = [6_000, 3_000, 6_000]
    .map((rate) => sample('ours', rate))
    .concat([1_000, 500, 1_200].map((rate) => sample('theirs', rate)))
  const table = toTables({ name: 'ingest', subject: 'ours', samples, remarks: [] })

  const [head, , ours, theirs] = table.split('\n').filter((line) => line.startsWith('|'))
  expect([head, ours, theirs].map((row) => row!.split('|').map((text) => text.trim()))).toEqual([
    ['', '', 'webhooks/s', 'ours ÷ it', ''],
    ['', 'ours', '6000 ±25 %', '', ''],
    ['', 'theirs', '1000 ±35 %', '6.00 ±8 %', ''],
  ])
})
