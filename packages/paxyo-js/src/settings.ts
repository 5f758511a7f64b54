import type { Position } from '@paxyo/browser-client'
import { isMessageName, toMessages, type Messages } from '@paxyo/browser-client/format'
import type { TokenSource } from './token.ts'

export interface Settings {
  /** The gateway's `wss://…/ws`. */
  readonly url: string
  readonly token: TokenSource
  /** The position at which the page's server rendered the page: the stream resumes from there, without a snapshot. */
  readonly position: Position | undefined
  readonly hasToasts: boolean
  /** Returns the balance that the panel keeps. */
  readonly balanceUrl: string | undefined
  /** A BCP 47 tag that Intl supports. */
  readonly language: string
  readonly messages: Messages
}

export interface ScriptTag {
  /** The script's URL. */
  readonly src: string
  /** Its `data-*` attributes. */
  readonly data: Readonly<Record<string, string | undefined>>
}

export interface PageFacts {
  readonly url: string
  /** Languages to use if the tag has none, in order of preference. */
  readonly languages: readonly string[]
}

/** The `data-*` attributes of the tag. */
export const ATTRIBUTES: readonly string[] = [
  'tokenUrl',
  'tokenMethod',
  'url',
  'position',
  'toasts',
  'balanceUrl',
  'lang',
  'words',
]
const POSITION = /^(\S{1,64}):(\d{1,15})$/

/**
 * Reads the attributes of the script tag.
 *
 * @returns the settings, unless a required one is missing or not valid, and all problems as texts for the page's developer.
 */
export function readSettings(
  { src, data }: ScriptTag,
  page: PageFacts,
): { settings: Settings | undefined; problems: readonly string[] } {
  const problems: string[] = []
  for (const name of Object.keys(data)) {
    if (!ATTRIBUTES.includes(name)) problems.push(`${attribute(name)} is not an attribute of this script`)
  }
  const tokenUrl = toUrl(data['tokenUrl'], page.url)
  if (data['tokenUrl'] === undefined) {
    problems.push('data-token-url is missing: it is the URL of your server that returns a token')
  } else if (tokenUrl === undefined) problems.push('data-token-url is not a URL')
  const url = toSocketUrl(data['url'], src, page.url)
  if (url === undefined) problems.push('data-url is not the URL of a gateway, such as wss://rt.example.com/ws')
  const tokenMethod = (data['tokenMethod'] ?? 'GET').toUpperCase()
  if (tokenMethod !== 'GET' && tokenMethod !== 'POST') problems.push('data-token-method must be get or post')
  const hasToasts = data['toasts'] !== 'off'
  if (!['on', 'off', undefined].includes(data['toasts'])) problems.push('data-toasts must be on or off')
  const balanceUrl = toUrl(data['balanceUrl'], page.url)
  // The balance is read with the cookies of the user, which other origins do not get.
  if (data['balanceUrl'] !== undefined && (!balanceUrl || new URL(balanceUrl).origin !== new URL(page.url).origin)) {
    problems.push("data-balance-url is not a URL on the page's own origin")
  }
  const position = readPosition(data['position'], problems)
  const language = readLanguage(data['lang'], page.languages, problems)
  const messages = toMessages(language, readOwnMessages(data['words'], problems))

  if (tokenUrl === undefined || url === undefined) return { settings: undefined, problems }
  const token: TokenSource = { url: tokenUrl, method: tokenMethod === 'POST' ? 'POST' : 'GET' }
  return { settings: { url, token, position, hasToasts, balanceUrl, language, messages }, problems }
}

export const attribute = (name: string): string =>
  `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

function toUrl(value: string | undefined, base: string): string | undefined {
  if (!value) return undefined
  try {
    return new URL(value, base).href
  } catch {
    return undefined
  }
}

/** The given URL, or the script's origin; `/ws` if it has no path. */
function toSocketUrl(given: string | undefined, src: string, page: string): string | undefined {
  const href = given === undefined ? toUrl('/ws', src) : toUrl(given, page)
  if (href === undefined || !/^(https?|wss?):/.test(href)) return undefined
  const url = new URL(href.replace(/^http/, 'ws'))
  if (url.pathname === '/') url.pathname = '/ws'
  url.hash = ''
  return url.href
}

/** A template without a position leaves the attribute empty. */
function readPosition(value: string | undefined, problems: string[]): Position | undefined {
  if (!value) return undefined
  const [, epoch, seq] = POSITION.exec(value) ?? []
  if (epoch !== undefined) return { epoch, seq: Number(seq) }
  problems.push('data-position is not of the form epoch:seq; a snapshot is taken instead')
  return undefined
}

function readLanguage(given: string | undefined, fallbacks: readonly string[], problems: string[]): string {
  if (given && !isLanguage(given)) problems.push('data-lang is not a language tag such as en or pt-BR')
  return [given, ...fallbacks].find((tag) => tag && isLanguage(tag)) ?? 'en'
}

function isLanguage(tag: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag).length > 0
  } catch {
    return false
  }
}

function readOwnMessages(json: string | undefined, problems: string[]): Partial<Messages> {
  if (!json) return {}
  try {
    const given = Object.entries(JSON.parse(json) as Record<string, unknown>)
    const good = given.filter(([name, text]) => isMessageName(name) && typeof text === 'string')
    for (const entry of given)
      if (!good.includes(entry)) problems.push(`data-words: ${entry[0]} is not the name of a message`)
    return Object.fromEntries(good)
  } catch {
    problems.push('data-words is not a JSON object')
    return {}
  }
}
