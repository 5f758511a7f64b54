import { createHash } from 'node:crypto'

/** The passwords of Redis's users; several at once during a rotation. */
export interface RedisPasswords {
  readonly ingest: readonly string[]
  readonly gateway: readonly string[]
  readonly operator: readonly string[]
}

/** The commands that every connection needs to start, to be checked and to end. */
const CONNECTION_COMMANDS = '+hello +ping +info +quit +client|setname'

const SUBSCRIBE_COMMANDS = '+subscribe +unsubscribe +ssubscribe +sunsubscribe'

/**
 * Redis's ACL file. No user can access keys. webhook-ingest can publish on all of our channels and subscribe only to those
 * on which gateways respond; a gateway can subscribe to all and publish only heartbeats and messages to webhook-ingest,
 * and so neither events nor control messages; connections without a login have no rights.
 *
 * @param prefix CHANNEL_PREFIX.
 */
export function redisAclFile(passwords: RedisPasswords, prefix: string): string {
  const nothing = 'resetkeys resetchannels -@all'
  return [
    'user default off resetpass resetkeys resetchannels -@all',
    `user ingest on ${hashes(passwords.ingest)} ${nothing} &${prefix}{* ${CONNECTION_COMMANDS} +publish +spublish` +
      ` (resetchannels &${prefix}{ingest}:* -@all ${SUBSCRIBE_COMMANDS})`,
    `user gateway on ${hashes(passwords.gateway)} ${nothing} &${prefix}{* ${CONNECTION_COMMANDS}` +
      ` ${SUBSCRIBE_COMMANDS} (resetchannels &${prefix}{heartbeat}:* &${prefix}{ingest}:* -@all +publish +spublish)`,
    `user operator on ${hashes(passwords.operator)} ${nothing} +ping +info +quit +acl|load +acl|log +acl|whoami +client|list`,
    '',
  ].join('\n')
}

/** Redis stores and accepts SHA-256, so that the file reveals no password. */
function hashes(passwords: readonly string[]): string {
  return passwords.map((password) => `#${createHash('sha256').update(password).digest('hex')}`).join(' ')
}
