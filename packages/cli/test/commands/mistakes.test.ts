import { expect, test } from '@jest/globals'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { paxyo } from '../paxyo.ts'

// Nothing listens there.
const NOWHERE = { PAXYO_URL: 'http://127.0.0.1:9', PAXYO_API_KEY: 'a-key' }

test.each([[], ['--dry-run', '--yes']])(
  'an erasure, which cannot be undone, is asked for with --yes (%s %s)',
  async (...options) => {
    const { code, stderr } = await paxyo(['users', 'erase', 'ann', ...options], NOWHERE)
    expect([code, stderr]).toEqual([
      2,
      'paxyo: an erasure cannot be undone\n       See what it changes with --dry-run, then repeat it with --yes.\n',
    ])
  },
)

test('a backup into a folder that does not exist says so, and what to do', async () => {
  const parent = join(tmpdir(), 'no-such-folder')
  const env = { DATA_DIR: tmpdir(), DATABASE_URL: 'postgres://127.0.0.1:9/paxyo' }
  const { code, stderr } = await paxyo(['backup', join(parent, '2026-11-27')], env)
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(
      /^paxyo: ENOENT.*\n +Create \S+no-such-folder, and let the user who runs this command write to it\.\n$/,
    ),
  ])
})

test('the secret of a new endpoint is shown, also when its ping fails', async () => {
  const endpoint = { endpointId: 'e-1', url: 'https://panel.example/', types: [], isEnabled: true, waiting: 0 }
  const problem = { type: 'about:blank', title: 'No.', status: 403, code: 'scope_missing' }
  const api = createServer((request, response) => {
    request.resume()
    const isPing = request.url!.endsWith('/ping')
    response.writeHead(isPing ? 403 : 201, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isPing ? problem : { endpoint, secret: 'whsec_shown' }))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  const env = { ...NOWHERE, PAXYO_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}` }
  const { stdout } = await paxyo(['outgoing-webhooks', 'endpoints', 'create', endpoint.url], env)
  expect(stdout).toContain('\nsecret, shown once: whsec_shown\nping failed: No. (scope_missing)\n')
  api.closeAllConnections()
  await new Promise((resolve) => api.close(resolve))
})
