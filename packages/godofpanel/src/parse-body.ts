import qs from 'qs'

export type BodyError = 'malformed_json' | 'malformed_form'
export type ParsedBody = { readonly value: unknown } | { readonly error: BodyError }

/** PHP's http_build_query nests at most `orders[1][status]`. */
const FORM_DEPTH_MAX = 3
const FORM_FIELDS_MAX = 4000

/**
 * Parses a request body as JSON or as a form. Numbers are returned as the digits that were sent, so that an id above
 * 2⁵³ keeps all of them. By default, curl sends a body as a form, so a form that begins like JSON is parsed as JSON.
 */
export function parseBody(contentType: 'json' | 'form', text: string): ParsedBody {
  if (contentType === 'json') return parseJson(text)
  return /^\s*[[{]/.test(text) ? parseJson(text) : parseForm(text)
}

// ECMAScript's JSON.parse source text access, which Node has and TypeScript's library does not describe yet.
type NumberAsText = (key: string, value: unknown, context: { readonly source?: string }) => unknown
const numberAsText: NumberAsText = (_key, value, { source }) => (typeof value === 'number' ? source : value)

function parseJson(text: string): ParsedBody {
  try {
    return { value: JSON.parse(text, numberAsText as (key: string, value: unknown) => unknown) as unknown }
  } catch {
    return { error: 'malformed_json' }
  }
}

function parseForm(text: string): ParsedBody {
  // Neither JSON nor an encoded form can contain a raw NUL, and PostgreSQL cannot store one.
  if (text.includes('\0')) return { error: 'malformed_form' }
  try {
    const value = qs.parse(text, {
      depth: FORM_DEPTH_MAX,
      strictDepth: true,
      parameterLimit: FORM_FIELDS_MAX,
      throwOnLimitExceeded: true,
      parseArrays: false,
      plainObjects: true,
    })
    return { value }
  } catch {
    return { error: 'malformed_form' }
  }
}
