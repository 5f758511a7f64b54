import { pino, type Logger } from 'pino'

/** Fields that are redacted, at the top of a logged object and one level deeper. */
const SECRET_NAMES = ['authorization', 'cookie', 'token', 'tokens', 'secret', 'secrets', 'password', 'apiKey', 'url']
const SECRETS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `headers.${name}`, `*.headers.${name}`])
/** An error of ioredis contains the command's arguments: a password, or a published message. */
const REDIS_ARGUMENTS = ['*.command.args', '*.lastNodeError.command.args']

/**
 * Writes JSON lines with the service's name to standard output.
 *
 * @example
 * createLogger('my-service', 'warn').isLevelEnabled('info') //=> false
 */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: [...SECRETS, ...REDIS_ARGUMENTS], censor: '[redacted]' },
  })
}
