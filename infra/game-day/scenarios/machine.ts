import { rmSync, utimesSync } from 'node:fs'
import { backupIn, installCertificate, writeBackup } from '../machine-files.ts'
import type { Scenario } from './scenario.ts'

/** What the exporter measures of a machine: certificates, backups, disks. */
export const MACHINE: readonly Scenario[] = [
  {
    what: 'a certificate that expires in ten days',
    alert: 'PaxyoCertificateExpiring',
    severity: 'ticket',
    async break(arena) {
      installCertificate(arena.files.certificate, 10)
    },
    runbook: 'renew it',
    async repair(arena) {
      installCertificate(arena.files.certificate, 30)
    },
  },
  {
    what: 'a certificate that expires in two days',
    alert: 'PaxyoCertificateExpiresSoon',
    severity: 'page',
    async break(arena) {
      installCertificate(arena.files.certificate, 2)
    },
    runbook: 'renew it at once',
    async repair(arena) {
      installCertificate(arena.files.certificate, 30)
    },
  },
  {
    what: 'the last backup is two days old',
    alert: 'PaxyoBackupOld',
    severity: 'ticket',
    async break(arena) {
      const at = new Date(Date.now() - 48 * 3_600_000)
      utimesSync(backupIn(arena.files.backups), at, at)
    },
    runbook: 'make one now',
    async repair(arena) {
      writeBackup(arena.files.backups)
    },
  },
  {
    what: 'there is no backup any longer',
    alert: 'PaxyoMonitoringIncomplete',
    severity: 'ticket',
    async break(arena) {
      rmSync(backupIn(arena.files.backups))
    },
    runbook: 'measure it',
    async repair(arena) {
      writeBackup(arena.files.backups)
    },
  },
  {
    what: 'a disk has lost two thirds of its space',
    alert: 'PaxyoDiskFilling',
    severity: 'ticket',
    async break({ disk }) {
      disk.fill(0.3)
    },
    runbook: 'as for [PaxyoDiskNearlyFull]',
    async repair({ disk }) {
      disk.clear()
    },
  },
  {
    what: 'a disk is almost full',
    alert: 'PaxyoDiskNearlyFull',
    severity: 'page',
    async break({ disk }) {
      disk.fill(0.05)
    },
    runbook: 'add space',
    async repair({ disk }) {
      disk.grow()
    },
    async cleanUp({ disk }) {
      disk.clear()
    },
  },
]
