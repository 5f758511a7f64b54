import qs from 'qs'

export type BodyError = 'malformed_json' | 'malformed_form'
export type ParsedBody = { readonly value: unknown } | { readonly error: BodyError; readonly detail?: string }

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
type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown

/** Of two members with the same name, JSON.parse would return the last, and which one is meant is not known. */
export function parseJson(text: string): ParsedBody {
  const { depth, members } = scanJson(text)
  if (depth > DEPTH_MAX) return { error: 'malformed_json' }
  // The value itself counts as a member, too.
  let found = -1
  const numberAsText: Reviver = function (_key, value, { source }) {
    if (!Array.isArray(this)) found += 1
    return typeof value === 'number' ? source : value
  }
  try {
    const value = JSON.parse(text, numberAsText as (key: string, value: unknown) => unknown) as unknown
    if (found !== members) return { error: 'malformed_json', detail: 'an object has two members of the same name' }
    return { value }
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

/** How deep a JSON text is nested, and how many members its objects have as it is written. */
function scanJson(text: string): { readonly depth: number; readonly members: number } {
  let [open, depth, members] = [0, 0, 0]
  let isInText = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (character === '"') isInText = !isInText
    else if (isInText) index += character === '\\' ? 1 : 0
    else if (character === ':') members += 1
    else if (character === '[' || character === '{') depth = Math.max(depth, (open += 1))
    else if (character === ']' || character === '}') open -= 1
  }
  return { depth, members }
}
