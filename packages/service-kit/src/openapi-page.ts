import { createHash } from 'node:crypto'
import type { OpenAPIV3_1 } from 'openapi-types'
import { ERROR_CODES, type ErrorCode } from '@paxyo/contracts'
import { describeType, fieldsOf, type Field, type Schema } from './describe-schema.ts'

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 0 auto; padding: 1rem }
  h2 { margin-top: 3rem; border-bottom: 1px solid } h3 { margin-top: 2.5rem }
  code { font-size: .9em } h3 code { font-weight: 600 }
  table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
  th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884 }
  nav li { display: inline-block; margin-right: 1rem } nav ul { padding: 0 }
  .scroll { overflow-x: auto } .error { margin: .2rem 0 }
  @media (width < 40rem) { tr, td { display: block } td { padding: .1rem 0; border: 0 } tr { border-bottom: 1px solid #8884 } }`

/** The page is text with one style: it loads nothing and runs no scripts. */
export const OPENAPI_PAGE_CSP = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

interface Operation {
  readonly method: string
  readonly path: string
  readonly details: OpenAPIV3_1.OperationObject
}

/** What every operation may refer to. */
interface Shared {
  readonly schemas: ReadonlyMap<string, Schema>
  readonly commonErrors: readonly ErrorCode[]
}

/**
 * Renders an OpenAPI document as one page of HTML, without scripts.
 *
 * @param commonErrors errors that any request can get; they are shown once.
 * @example
 * const page = renderOpenApiPage({ openapi: '3.1.0', info: { title: 'Shop & Co', version: '1' }, paths: {} }, [])
 * page.includes('<h1>Shop &#38; Co</h1>') //=> true
 */
export function renderOpenApiPage(document: OpenAPIV3_1.Document, commonErrors: readonly ErrorCode[]): string {
  const operations: Operation[] = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item ?? {}).map(([method, operation]) => ({
      method,
      path,
      details: operation as OpenAPIV3_1.OperationObject,
    })),
  )
  const byTag = Map.groupBy(operations, ({ details }) => details.tags?.[0] ?? 'Other')
  const schemas = Object.entries(document.components?.schemas ?? {}) as [string, Schema][]
  const { title, description = '' } = document.info
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${STYLE}</style>
<h1>${escape(title)}</h1>
${description
  .split('\n\n')
  .map((paragraph) => `<p>${toHtml(paragraph)}</p>`)
  .join('\n')}
<p>The same as an OpenAPI document: <a href="openapi.json">openapi.json</a>.</p>
<nav><ul>${operations.map(({ details: { operationId } }) => `<li><a href="#${operationId}">${operationId}</a>`).join('')}</ul></nav>
<h2>Errors that any request can get</h2>
${renderCommonErrors(commonErrors)}
${[...byTag].map(([tag, ofTag]) => `<h2>${escape(tag)}</h2>\n${ofTag.map((one) => renderOperation(one, { schemas: new Map(schemas), commonErrors })).join('\n')}`).join('\n')}
<h2>Schemas</h2>
${schemas.map(([name, schema]) => `<h3 id="${name}">${name}</h3>\n${renderFields(fieldsOf(schema))}`).join('\n')}
</html>`
}

/** Rendered once: repeated for every operation, they would be most of the page. */
function renderCommonErrors(commonErrors: readonly ErrorCode[]): string {
  const rows = commonErrors.map((code) => {
    const { status, title } = ERROR_CODES[code]
    return `<tr><td>${status}<td><code>${code}</code><td>${escape(title)}`
  })
  return `<div class="scroll"><table>${rows.join('\n')}</table></div>`
}

function renderOperation({ method, path, details }: Operation, { schemas, commonErrors }: Shared): string {
  const { operationId, summary = '', description } = details
  const parameters = (details.parameters ?? []) as OpenAPIV3_1.ParameterObject[]
  const body = (details.requestBody as OpenAPIV3_1.RequestBodyObject | undefined)?.content['application/json']?.schema
  const shown = new Map<string, string>()
  return `<h3 id="${operationId}"><code>${method.toUpperCase()} ${escape(path)}</code> ${toHtml(summary)}</h3>
${description === undefined ? '' : `<p>${toHtml(description)}</p>`}
${renderFields(parameters.map(toField))}
${body === undefined ? '' : `<p>Body: ${renderType(describeType(body as Schema))}</p>${renderFields(fieldsOf(resolved(body as Schema, schemas)))}`}
${Object.entries(details.responses ?? {})
  .map(([status, response]) => renderResponse(status, response as OpenAPIV3_1.ResponseObject, { shown, commonErrors }))
  .join('\n')}`
}

/** @param shown the first status with these fields: many operations have the same response for two statuses. */
function renderResponse(
  status: string,
  { description, content = {} }: OpenAPIV3_1.ResponseObject,
  { shown, commonErrors }: Pick<Shared, 'commonErrors'> & { readonly shown: Map<string, string> },
): string {
  if (status >= '400') return renderErrors(status, description, commonErrors)
  const schema = (Object.values(content)[0]?.schema ?? {}) as Schema
  const fields = renderFields(fieldsOf(schema))
  const before = shown.get(fields)
  shown.set(fields, before ?? status)
  const type =
    before === undefined || fields === ''
      ? renderType(describeType(schema))
      : `The response is the same as for ${before}.`
  return `<p><strong>${status}</strong> ${toHtml(description)} ${type}</p>${before === undefined ? fields : ''}`
}

/** The errors of one operation without the common ones; a description is a sequence of "`code`: title." */
function renderErrors(status: string, description: string, commonErrors: readonly ErrorCode[]): string {
  const own = description
    .split(/ (?=`)/)
    .filter((error) => !commonErrors.some((code) => error.startsWith(`\`${code}\``)))
  return own.map((error) => `<p class="error"><strong>${status}</strong> ${toHtml(error)}</p>`).join('\n')
}

/** The schema that a reference names, one level deep. */
function resolved(schema: Schema, schemas: Shared['schemas']): Schema {
  return schema.$ref === undefined ? schema : (schemas.get(schema.$ref.split('/').at(-1)!) ?? schema)
}

function toField({ name, in: place, required, description, schema }: OpenAPIV3_1.ParameterObject): Field {
  return {
    name: `${name} (${place})`,
    type: describeType(schema ?? {}),
    isRequired: required === true,
    description: description ?? (schema as Schema | undefined)?.description ?? '',
  }
}

function renderFields(fields: readonly Field[]): string {
  if (fields.length === 0) return ''
  const rows = fields.map(
    ({ name, type, isRequired, description }) =>
      `<tr><td><code>${escape(name)}</code>${isRequired ? '' : '?'}<td>${renderType(type)}<td>${toHtml(description)}`,
  )
  return `<div class="scroll"><table>${rows.join('\n')}</table></div>`
}

/** Links names of schemas. */
function renderType(type: string): string {
  return escape(type).replace(/#([A-Z]\w*)/g, '<a href="#$1">$1</a>')
}

/** Converts text to HTML; `code` is in backticks. */
function toHtml(text: string): string {
  return escape(text).replace(/`([^`]*)`/g, '<code>$1</code>')
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
