import { createHash } from 'node:crypto'

/** Whom Redis lets in. Several passwords at once are for rotation. */
export interface RedisPasswords {
  readonly ingest: readonly string[]
  readonly gateway: readonly string[]
  readonly operator: readonly string[]
}

/** What every connection says of itself, and how it says goodbye. */
const MANNERS = '+hello +ping +info +quit +client|setname'

/**
 * Redis's ACL file. Nobody has a key; webhook-ingest can speak on our channels and hear nothing, a gateway can hear them
 * and speak on its probe's channel only, and whoever does not say who they are gets nowhere.
 *
 * @param prefix CHANNEL_PREFIX.
 */
export function redisAclFile(passwords: RedisPasswords, prefix: string): string {
  const nothing = 'resetkeys resetchannels -@all'
  return [
    'user default off resetpass resetkeys resetchannels -@all',
    `user ingest on ${hashes(passwords.ingest)} ${nothing} &${prefix}{* ${MANNERS} +publish +spublish`,
    `user gateway on ${hashes(passwords.gateway)} ${nothing} &${prefix}{* ${MANNERS}` +
      ` +subscribe +unsubscribe +ssubscribe +sunsubscribe (resetchannels &${prefix}{heartbeat}:* -@all +publish +spublish)`,
    `user operator on ${hashes(passwords.operator)} ${nothing} +ping +info +quit +acl|load +acl|log +acl|whoami +client|list`,
    '',
  ].join('\n')
}

/** Redis keeps and takes SHA-256, so that the file gives no password away. */
function hashes(passwords: readonly string[]): string {
  return passwords.map((password) => `#${createHash('sha256').update(password).digest('hex')}`).join(' ')
}
