import { createTestAuthority } from '@paxyo/testkit'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function installCertificate(file: string, days: number): void {
  writeFileSync(file, createTestAuthority().issue(['rt.example.com'], days).cert)
}
export function writeBackup(folder: string): void {
  writeFileSync(backupIn(folder), 'a dump')
}
export const backupIn = (folder: string): string => join(folder, 'paxyo.dump')
