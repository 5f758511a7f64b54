import { boundedText } from '@paxyo/contracts'
import { DatabaseUrlError, parseDatabaseUrl } from '@paxyo/database/url'
import { parseSecret } from '@paxyo/standard-webhooks'
import { readFileSync } from 'node:fs'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { weakSecrets } from './secret-strength.ts'

/** The environment is not a valid configuration; `problems` lists all reasons. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

type Environment = Readonly<Record<string, string | undefined>>
type Shape = Readonly<Record<string, z.ZodType>>
type Config<S extends Shape> = { readonly [Name in keyof S]: z.output<S[Name]> }

/**
 * Reads the variables of `shape`. An empty variable counts as not set. Instead of `NAME`, `NAME_FILE` may be the path of a
 * file with the value, as for secrets in containers.
 *
 * @param check returns problems between variables; it receives the raw values, so that it runs even when single ones are
 *   invalid.
 * @throws ConfigError with all problems at once.
 * @example
 * loadConfig({ PORT: env.integer(1, 65_535), HOST: env.text.default('::') }, { PORT: '8080' }) //=> { PORT: 8080, HOST: '::' }
 */
export function loadConfig<S extends Shape>(
  shape: S,
  environment: Environment,
  check: (raw: Environment) => readonly string[] = () => [],
): Config<S> {
  const problems: string[] = []
  const raw: Record<string, string | undefined> = {}
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(shape)) {
    try {
      raw[name] = readVariable(name, environment)
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`)
      continue
    }
    const result = schema.safeParse(raw[name])
    if (result.success) values[name] = result.data
    else problems.push(...result.error.issues.map((issue) => `${name}: ${describe(issue, raw[name])}`))
  }
  problems.push(...check(raw))
  if (problems.length > 0) throw new ConfigError(problems)
  return values as Config<S>
}

function describe(issue: z.core.$ZodIssue, raw: string | undefined): string {
  return raw === undefined && issue.code === 'invalid_type' ? 'is required' : issue.message
}

function readVariable(name: string, environment: Environment): string | undefined {
  const value = environment[name] || undefined
  const file = environment[`${name}_FILE`] || undefined
  if (file === undefined) return value
  if (value !== undefined) throw new Error(`${name} and ${name}_FILE are both set`)
  try {
    return readFileSync(file, 'utf8').trim() || undefined
  } catch {
    throw new Error(`the file of ${name}_FILE cannot be read: ${file}`)
  }
}

/**
 * The value of `NAME`, or of the file of `NAME_FILE`; undefined when it is not set or cannot be read.
 *
 * @example
 * valueOf('PORT', { PORT: '8080' }) //=> '8080'
 * valueOf('HOST', { PORT: '8080' }) //=> undefined
 */
export function valueOf(name: string, environment: Environment): string | undefined {
  try {
    return readVariable(name, environment)
  } catch {
    return undefined
  }
}

/**
 * Describes the secrets of these variables that can be guessed, without repeating them. A service rejects such a
 * configuration in production, and only warns elsewhere.
 *
 * @example
 * weakVariables(['API_KEY'], { API_KEY: 'aaaaaaaaaaaaaaaa' }).length //=> 1
 */
export function weakVariables(names: readonly string[], environment: Environment): string[] {
  return names.flatMap((name) => weakSecrets(name, list.parse(valueOf(name, environment) ?? '')))
}

const text = z.string()

const list = text.transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

/** Schemas of variables. Their messages state the expected format and never repeat a value, which may be a secret. */
export const env = {
  text,
  list,

  integer: (min: number, max: number) =>
    boundedText(15, /^\d{1,15}$/, 'must be a whole number')
      .transform(Number)
      .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`)),

  url: (...protocols: string[]) =>
    text.refine((value) => URL.canParse(value) && protocols.includes(protocolOf(value)), {
      error: `must be an address that begins with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
    }),

  /** An address of PostgreSQL, which may name several servers. */
  databaseUrl: text.check((context) => {
    try {
      parseDatabaseUrl(context.value)
    } catch (error) {
      if (!(error instanceof DatabaseUrlError)) throw error
      context.issues.push({ code: 'custom', message: error.message, input: context.value })
    }
  }),

  /** Secrets with a minimum length in UTF-8 bytes. Several at once are for rotation: all are accepted. */
  secrets: (bytesMin: number) =>
    list.refine((secrets) => secrets.length > 0 && secrets.every((secret) => Buffer.byteLength(secret) >= bytesMin), {
      error: `must be one or more secrets, separated by commas, of at least ${bytesMin} bytes each`,
    }),

  /** Standard Webhooks secrets, as keys. Several at once are for rotation. */
  webhookSecrets: list
    .refine((secrets) => secrets.length > 0 && secrets.every((secret) => parseSecret(secret) !== undefined), {
      error: 'must be one or more secrets, separated by commas, of the form whsec_<base64 of 24 to 64 bytes>',
    })
    .transform((secrets) => secrets.map((secret) => parseSecret(secret)!)),

  cidrs: list.refine((cidrs) => cidrs.length > 0 && cidrs.every(isCidr), {
    error: 'must be networks such as 203.0.113.0/24, separated by commas',
  }),

  /** Whether `X-Forwarded-For` is trusted: never, always, or from proxies in these networks. */
  trustProxy: text
    .refine((value) => value === 'true' || value === 'false' || value.split(',').every((item) => isCidr(item.trim())), {
      error: 'must be true, false, or networks such as 10.0.0.0/8, separated by commas',
    })
    .transform((value): boolean | string => (value === 'true' || value === 'false' ? value === 'true' : value)),

  /** One address, or several of the same kind separated by commas. */
  urls: (...protocols: string[]) =>
    text.refine(
      (value) =>
        value.split(',').every((url) => URL.canParse(url.trim()) && protocols.includes(protocolOf(url.trim()))),
      {
        error: `must be one or more addresses, separated by commas, that begin with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
      },
    ),

  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    error: 'must be one of fatal, error, warn, info, debug, trace, silent',
  }),
}

function protocolOf(url: string): string {
  return new URL(url).protocol.slice(0, -1)
}

/** An address or a network. IPv4 has four decimal parts: `10.1` may be a typing error, and not 10.0.0.1. */
function isCidr(value: string): boolean {
  const { IPv4, IPv6 } = ipaddr
  return (
    IPv4.isValidFourPartDecimal(value) ||
    IPv4.isValidCIDRFourPartDecimal(value) ||
    IPv6.isValid(value) ||
    IPv6.isValidCIDR(value)
  )
}

/** Variables of every service. */
export const commonVariables = {
  LOG_LEVEL: env.logLevel.default('info'),
  NODE_ENV: env.text.default('development'),
  TRUST_PROXY: env.trustProxy.default(false),
  /** The port of `/metrics`, which is not served without one. */
  METRICS_PORT: env.integer(0, 65_535).optional(),
}
