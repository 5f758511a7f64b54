import qs from 'qs'

export type BodyError = 'malformed_json' | 'malformed_form'
export type ParsedBody = { readonly value: unknown } | { readonly error: BodyError }

/** PHP's http_build_query nests at most `orders[1][status]`. */
const FORM_DEPTH_MAX = 3
const FORM_FIELDS_MAX = 4000

/** Deeper than any update, and far below the depth at which recursion overflows the stack. */
const DEPTH_MAX = 32

/**
 * Parses a request body as JSON or as a form. JSON is read under any content type, because curl sends a body as a form by
 * default and other clients send no content type. Numbers are returned as the digits that were sent, so that an id above
 * 2⁵³ keeps all of them.
 */
export function parseBody(contentType: 'json' | 'form', text: string): ParsedBody {
  return contentType === 'json' || looksLikeJson(text) ? parseJson(text) : parseForm(text)
}

/** Whether a text holds a JSON object or array. */
export const looksLikeJson = (text: string): boolean => /^\s*[[{]/.test(text)

// ECMAScript's JSON.parse source text access, which Node has and TypeScript's library does not describe yet.
type NumberAsText = (key: string, value: unknown, context: { readonly source?: string }) => unknown
const numberAsText: NumberAsText = (_key, value, { source }) => (typeof value === 'number' ? source : value)

export function parseJson(text: string): ParsedBody {
  if (isTooDeep(text)) return { error: 'malformed_json' }
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

/** Brackets inside texts count too; no update contains that many. */
function isTooDeep(text: string): boolean {
  let depth = 0
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (character === '[' || character === '{') depth += 1
    else if (character === ']' || character === '}') depth -= 1
    if (depth > DEPTH_MAX) return true
  }
  return false
}
