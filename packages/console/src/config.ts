import { env } from '@paxyo/service-kit'
import { z } from 'zod'
import type { TrustedHeaderSettings } from './sign-in/trusted-header.ts'

/** What the environment configures of the console. */
export interface ConsoleSettings {
  /** What the page's frame shows. */
  readonly environment: 'production' | 'development'
  /** Where browsers open the console; passkeys belong to it, and need it. */
  readonly origin: string | undefined
  /** The header in which a single sign-on proxy names the person; undefined without one. */
  readonly trustedHeader: TrustedHeaderSettings | undefined
}

/** A header's name (RFC 9110, section 5.1). */
const HEADER = /^[!#$%&'*+\-.^_`|~\w]{1,64}$/
/** These have another meaning, and a browser can set some of them. */
const NOT_TRUSTED = /^(?:authorization|cookie|host|origin|forwarded|x-forwarded-(?:for|host|proto)|x-paxyo-.*|sec-.*)$/i

/** The variables of the console. */
export const consoleVariables = {
  /** Whether the operators' console is served. */
  CONSOLE: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
  /** Where browsers open the console, such as `https://panel.example`: passkeys belong to it. */
  CONSOLE_ORIGIN: env
    .url('https', 'http')
    .refine((value) => !URL.canParse(value) || isConsoleOrigin(new URL(value)), {
      error: 'must be an origin with https, such as https://panel.example, without a path',
    })
    .optional(),
  /** The header in which a single sign-on proxy names the person. */
  CONSOLE_TRUSTED_HEADER: env.text
    .refine((name) => HEADER.test(name) && !NOT_TRUSTED.test(name), {
      error: 'must be the name of a header that only the proxy sets, such as X-Forwarded-User',
    })
    .optional(),
  /** Addresses and networks of that proxy. */
  CONSOLE_TRUSTED_PROXIES: env.cidrs.optional(),
}

/** Browsers make passkeys for pages with TLS, and for localhost. */
const isConsoleOrigin = ({ protocol, hostname, pathname, search, hash }: URL): boolean =>
  (protocol === 'https:' || hostname === 'localhost') && pathname === '/' && search === '' && hash === ''

type Raw = Readonly<Record<string, string | undefined>>

/**
 * Problems of variables in combination: without the proxy's address, anyone could send the header.
 *
 * @example
 * consoleProblems({ CONSOLE_TRUSTED_HEADER: 'X-Forwarded-User' }).length //=> 1
 */
export function consoleProblems(raw: Raw): string[] {
  const { CONSOLE_TRUSTED_HEADER: header, CONSOLE_TRUSTED_PROXIES: proxies } = raw
  if (header !== undefined && proxies === undefined) {
    return ["CONSOLE_TRUSTED_PROXIES is missing: CONSOLE_TRUSTED_HEADER is accepted from the proxy's addresses only"]
  }
  if (header === undefined && proxies !== undefined) {
    return ['CONSOLE_TRUSTED_HEADER is missing: CONSOLE_TRUSTED_PROXIES has no effect without it']
  }
  return []
}

interface ConsoleConfig {
  readonly NODE_ENV: string
  readonly CONSOLE_ORIGIN?: string | undefined
  readonly CONSOLE_TRUSTED_HEADER?: string | undefined
  readonly CONSOLE_TRUSTED_PROXIES?: readonly string[] | undefined
}

/**
 * The console's settings from the environment's variables.
 *
 * @example
 * consoleSettings({ NODE_ENV: 'production' }).environment //=> 'production'
 */
export function consoleSettings(config: ConsoleConfig): ConsoleSettings {
  const { NODE_ENV, CONSOLE_ORIGIN: origin, CONSOLE_TRUSTED_HEADER: header, CONSOLE_TRUSTED_PROXIES: proxies } = config
  return {
    environment: NODE_ENV === 'production' ? 'production' : 'development',
    origin,
    trustedHeader: header === undefined || proxies === undefined ? undefined : { header, proxies },
  }
}
