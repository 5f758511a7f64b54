import { expect, test } from '@jest/globals'
import { EVENT_CHANNEL_SHARDS, userChannel } from '../../src/data/channels.ts'

test('a user channel is stable, names its shard as the hash tag and its user behind it', () => {
  expect(userChannel('user-1')).toBe(userChannel('user-1'))
  expect(userChannel('user-1')).toMatch(/^\{\d+\}:user-1$/)
})

test('users spread over all shards', () => {
  const shards = Array.from({ length: 10_000 }, (_, user) => /\{(\d+)\}/.exec(userChannel(`user-${user}`))![1])
  expect(new Set(shards).size).toBe(EVENT_CHANNEL_SHARDS)
})
