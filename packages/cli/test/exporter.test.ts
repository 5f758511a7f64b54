import { afterAll, expect, test } from '@jest/globals'
import { createMetrics } from '@paxyo/service-kit'
import { createTestAuthority } from '@paxyo/testkit'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { createMeasurements, type MeasurementOptions } from '../src/exporter/measurements.ts'

const DAY_MS = 86_400_000
const dir = mkdtempSync(join(tmpdir(), 'paxyo-exporter-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const authority = createTestAuthority()

/** Values by metric and name. */
async function measure(options: Partial<MeasurementOptions>): Promise<Map<string, number>> {
  const registry = createMetrics('test')
  const none = { certificates: [], backupDir: undefined, disks: [], readDatabaseSize: undefined }
  createMeasurements({ ...none, onError: () => undefined, ...options }).register(registry)
  const lines = (await registry.metrics()).matchAll(/^paxyo_(\w+)\{(?:name="([^"]+)",)?service="test"\} (\S+)$/gm)
  return new Map([...lines].map(([, metric, name, value]) => [name ? `${metric} ${name}` : metric!, Number(value)]))
}
const daysFromNow = (seconds: number | undefined): number => Math.round((seconds! * 1000 - Date.now()) / DAY_MS)

test('of the certificates in a file the first to expire counts', async () => {
  const file = join(dir, 'chain.pem')
  const [soon, later] = [authority.issue(['a.example.com'], 10), authority.issue(['a.example.com'], 20)]
  writeFileSync(file, `${later.cert}${later.key}${soon.cert}`)
  const values = await measure({ certificates: [file] })
  expect(daysFromNow(values.get(`certificate_expiry_timestamp_seconds ${file}`))).toBe(10)
  expect(values.get(`exporter_measured ${file}`)).toBe(1)
})

test('a server is measured as its clients see it, also when no one trusts its authority', async () => {
  const { cert, key } = authority.issue(['localhost'], 5)
  const server = createServer({ cert, key }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const name = `localhost:${(server.address() as AddressInfo).port}`
  const values = await measure({ certificates: [name] })
  server.close()
  expect(daysFromNow(values.get(`certificate_expiry_timestamp_seconds ${name}`))).toBe(5)
})

test('the last backup is the newest complete one', async () => {
  const backupDir = join(dir, 'backups')
  mkdirSync(backupDir)
  const put = (name: string, text: string, time: number): void => {
    writeFileSync(join(backupDir, name), text)
    utimesSync(join(backupDir, name), time, time)
  }
  put('paxyo-1.dump', 'first', 1000)
  put('paxyo-2.dump', 'second one', 2000)
  put('paxyo-3.dump', '', 3000)
  put('paxyo-4.dump.part', 'half', 4000)
  put('.building', 'half', 5000)
  const values = await measure({ backupDir })
  expect(values.get(`backup_completed_timestamp_seconds ${backupDir}`)).toBe(2000)
  expect(values.get(`backup_size_bytes ${backupDir}`)).toBe('second one'.length)
})

test('a disk has less left than it has', async () => {
  const values = await measure({ disks: [dir] })
  const [size, left] = ['disk_size_bytes', 'disk_available_bytes'].map((metric) => values.get(`${metric} ${dir}`)!)
  expect(size).toBeGreaterThan(0)
  expect(left).toBeLessThanOrEqual(size!)
})

test('what cannot be measured is absent, and is said to be; the rest is measured', async () => {
  const backupDir = join(dir, 'empty')
  mkdirSync(backupDir)
  const noCertificate = join(dir, 'empty.pem')
  writeFileSync(noCertificate, 'nothing')
  const failed: string[] = []
  const values = await measure({
    certificates: [noCertificate, '127.0.0.1:1'],
    backupDir,
    disks: [join(dir, 'none'), dir],
    readDatabaseSize: () => Promise.reject(new Error('no database')),
    onError: (_error, name) => failed.push(name),
  })
  const names = [noCertificate, '127.0.0.1:1', `backups in ${backupDir}`, `disk of ${join(dir, 'none')}`, 'database']
  expect(failed.toSorted()).toEqual(names.toSorted())
  for (const name of names) expect([name, values.get(`exporter_measured ${name}`)]).toEqual([name, 0])
  const measured = [...values.keys()].filter((name) => !name.startsWith('exporter_measured'))
  expect(measured.toSorted()).toEqual([`disk_available_bytes ${dir}`, `disk_size_bytes ${dir}`])
})
