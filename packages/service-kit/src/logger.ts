import { pino, type Logger } from 'pino'

/** What no log line may show, wherever it turns up in a logged object, one level deep included. */
const SECRET_NAMES = ['authorization', 'cookie', 'token', 'tokens', 'secret', 'secrets', 'password', 'apiKey', 'url']
const SECRETS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `headers.${name}`, `*.headers.${name}`])
/** An error of ioredis holds what its command was given: a password, or what was to be published. */
const REDIS_ARGUMENTS = ['*.command.args', '*.lastNodeError.command.args']

/** JSON lines on standard output, each with the service's name. */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: [...SECRETS, ...REDIS_ARGUMENTS], censor: '[redacted]' },
  })
}
