export { DEFAULT_SECRETS_FOLDER, readSecrets, writeSecrets } from './secrets-folder.ts'
export { redisAclFile, type RedisPasswords } from './redis-acl.ts'
export { completeSecrets, retire, rotate, ROTATABLE, type SecretFiles } from './secret-files.ts'
