import { describe, expect, test } from '@jest/globals'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { pinImages } from '../pin-image.ts'
import { PNPM } from '../pnpm.ts'
import { readAudit } from '../read-audit.ts'
import { createDigestReader } from '../read-digest.ts'

const ROOT = new URL('../../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

describe('the lockfile', () => {
  const { packages } = parse(read('pnpm-lock.yaml')) as {
    packages: Record<string, { resolution: Record<string, unknown> }>
  }

  test('has the hash of every package, and none from outside the registry', () => {
    expect(Object.keys(packages).length).toBeGreaterThan(500)
    for (const [name, { resolution }] of Object.entries(packages)) {
      expect({ name, resolution }).toEqual({ name, resolution: { integrity: expect.stringMatching(/^sha512-/) } })
    }
  })

  test('has no version that is younger than a week', () => {
    const { minimumReleaseAge, minimumReleaseAgeExclude } = parse(read('pnpm-workspace.yaml')) as Record<
      string,
      unknown
    >
    expect(minimumReleaseAge).toBe(7 * 24 * 60)
    expect(minimumReleaseAgeExclude).toBeUndefined()
    const { updates } = parse(read('.github/dependabot.yml')) as { updates: object[] }
    for (const update of updates) expect(update).toMatchObject({ cooldown: { 'default-days': 7 } })
  })

  test('is what every installation is made from', () => {
    const places = ['infra/scripts/install.mjs', 'infra/deploy/compose/Dockerfile', '.github/workflows/ci.yml']
    const workflows = [...places, '.github/workflows/release.yml'].map(read).join('\n')
    const installs = workflows.match(/pnpm['",\s]+install\b[^\n]*/g) ?? []
    expect(installs.length).toBeGreaterThanOrEqual(3)
    for (const install of installs) expect(install).toContain('--frozen-lockfile')
    expect(workflows).not.toMatch(/\bnpm (?:ci|i|install)\b(?! --global)/)
    // One version everywhere.
    expect(new Set(workflows.match(/pnpm@[\d.]+/g))).toEqual(new Set([PNPM]))
  })
})

describe('the audit', () => {
  const advisory = (severity: string) => ({
    severity,
    module_name: `a-${severity}-one`,
    title: 'It can be exploited',
    url: 'https://example.com/advisory',
  })
  const audit = (...severities: string[]): string =>
    JSON.stringify({ advisories: Object.fromEntries(severities.map((each, index) => [index, advisory(each)])) })

  test('tells the severe vulnerabilities from the others', () => {
    expect(readAudit(audit('low', 'critical', 'moderate', 'high'))).toEqual({
      severe: [expect.stringContaining('a-critical-one'), expect.stringContaining('a-high-one')],
      others: [expect.stringContaining('a-low-one'), expect.stringContaining('a-moderate-one')],
    })
    expect(readAudit(audit())).toEqual({ severe: [], others: [] })
  })

  test.each(['', 'Error: ERR_PNPM_AUDIT_BAD_RESPONSE', '{"error":{"code":"ERR_PNPM_AUDIT_BAD_RESPONSE"}}'])(
    'does not take an error for a clean result: %j',
    (output) => expect(readAudit(output)).toBeUndefined(),
  )
})

describe('images', () => {
  const digestOf = (image: string, tag: string) =>
    Promise.resolve(`sha256:${Buffer.from(`${image}:${tag}`).toString('hex').padEnd(64, '0').slice(0, 64)}`)

  test('are pinned to digests, and those of ours are not', async () => {
    const compose = read('docker-compose.yml')
    const { text, images } = await pinImages(compose, digestOf)
    expect(images.map((image) => image.split(':')[0])).toEqual([
      'postgres',
      'redis',
      'haproxy',
      'prom/prometheus',
      'prom/alertmanager',
      'grafana/grafana',
    ])
    const { services } = parse(text, { merge: true }) as { services: Record<string, { image: string }> }
    for (const { image } of Object.values(services))
      expect(image).toMatch(/^(?:paxyo|\$\{IMAGE_REGISTRY:-paxyo\})\/|@sha256:[0-9a-f]{64}\}?$/)
    expect(services['redis']!.image).toMatch(/^\$\{REDIS_IMAGE:-redis:8[.\d]*@sha256:[0-9a-f]{64}\}$/)
    // A second run replaces the digests.
    expect(await pinImages(text, digestOf)).toEqual({ text, images })
  })

  test('of a Dockerfile are its arguments', async () => {
    const { text, images } = await pinImages(read('infra/deploy/compose/Dockerfile'), digestOf)
    expect(images).toEqual([`node:24.21.0-bookworm-slim@${await digestOf('node', '24.21.0-bookworm-slim')}`])
    expect(text).toMatch(/^ARG NODE_IMAGE=node:24\.21\.0-bookworm-slim@sha256:[0-9a-f]{64}$/m)
    // Each stage begins with that image, or with another stage.
    expect(text.match(/^FROM .*$/gm)).toEqual([
      'FROM ${NODE_IMAGE} AS workspace',
      'FROM workspace AS pages',
      'FROM workspace AS service',
      'FROM ${NODE_IMAGE}',
    ])
  })

  test('have a digest in every file', () => {
    const workflows = readdirSync(new URL('.github/workflows', ROOT)).map((name) => `.github/workflows/${name}`)
    const lines = ['docker-compose.yml', 'infra/deploy/compose/Dockerfile', ...workflows]
      .flatMap((file) => read(file).split('\n'))
      .filter((line) => /^\s*(?:image|container): \S|^ARG \w+_IMAGE=/.test(line) && !/paxyo\}?\//.test(line))
    expect(lines.length).toBeGreaterThanOrEqual(10)
    expect(lines.filter((line) => !/@sha256:[0-9a-f]{64}\}?$/.test(line)).map((line) => line.trim())).toEqual([])
  })

  test('have the digests of a registry that requires a token', async () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const registry: Server = createServer((request, response) => {
      const { port } = registry.address() as AddressInfo
      const realm = `http://127.0.0.1:${port}/token`
      if (request.url?.startsWith('/token?') === true) {
        const isScoped = new URL(request.url, realm).searchParams.get('scope') === 'repository:library/postgres:pull'
        return response.end(JSON.stringify({ token: isScoped ? 'a-token' : 'none' }))
      }
      if (request.headers.authorization !== 'Bearer a-token') {
        const challenge = `Bearer realm="${realm}",service="registry",scope="repository:library/postgres:pull"`
        return response.writeHead(401, { 'www-authenticate': challenge }).end()
      }
      const isThere = request.method === 'HEAD' && request.url === '/v2/library/postgres/manifests/18'
      return response.writeHead(isThere ? 200 : 404, isThere ? { 'docker-content-digest': digest } : {}).end()
    })
    registry.listen(0, '127.0.0.1')
    await once(registry, 'listening')
    const ofRegistry = createDigestReader(`http://127.0.0.1:${(registry.address() as AddressInfo).port}`)
    try {
      expect(await ofRegistry('postgres', '18')).toBe(digest)
      await expect(ofRegistry('postgres', '99')).rejects.toThrow('postgres:99: the registry responded with 404')
    } finally {
      registry.close()
    }
  })
})
