import { expect, test } from '@jest/globals'
import { ConfigError } from '@paxyo/service-kit'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadStandaloneConfig } from '../src/config.ts'
import { bannerLines } from '../src/banner.ts'

const problemsOf = (environment: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadStandaloneConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

test('the demo plays one provider, so it is off where a file describes several', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-standalone-'))
  try {
    const file = join(folder, 'providers.json')
    writeFileSync(file, JSON.stringify([{ name: 'first', webhookTokens: ['a-token-of-the-first'] }]))

    expect(problemsOf({ PROVIDERS_FILE: file })).toEqual([
      'DEMO must be off when PROVIDERS_FILE is set: the demo simulates the provider that WEBHOOK_TOKENS configures',
    ])
    expect(problemsOf({ PROVIDERS_FILE: file, DEMO: 'off' })).toEqual([])
    expect(problemsOf({})).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('no webhook token is printed that no provider accepts', () => {
  const start = { address: 'http://localhost:8080', panelKey: 'a-key', openOrderId: undefined }

  expect(bannerLines({ ...start, webhookToken: 'a-token' })).toEqual(['webhook token: a-token', 'panel key: a-key'])
  expect(bannerLines({ ...start, webhookToken: undefined })).toEqual(['panel key: a-key'])
})
