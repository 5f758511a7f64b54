import type { FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { z } from 'zod'
import type { PanelApi } from './api.ts'

/**
 * Makes the routes that are added after this call reject query parameters that they do not have: a misspelled filter that is
 * ignored lists what was not asked for. A route whose schema accepts any parameter cannot be added.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * rejectUnknownParameters(api)
 * api.get('/orders', () => 'all orders')
 * (await api.inject('/orders?usr=ann')).json().detail //=> 'unknown query parameter "usr"; this operation has none'
 */
export function rejectUnknownParameters(api: PanelApi): void {
  api.addHook('onRoute', (route) => {
    const querystring = route.schema?.querystring ?? z.strictObject({})
    if (!isStrict(querystring)) throw new Error(`${String(route.method)} ${route.url} accepts any query parameter`)
    route.schema = { ...route.schema, querystring }
  })
}

const isStrict = (schema: unknown): boolean =>
  schema instanceof z.ZodObject && schema.def.catchall instanceof z.ZodNever

/** @returns the detail of the error; undefined when it is about something else. */
export function describeUnknownParameters(
  { routeOptions }: FastifyRequest,
  { keyword, params }: FastifySchemaValidationError,
): string | undefined {
  const schema = routeOptions.schema?.querystring
  if (keyword !== 'unrecognized_keys' || !(schema instanceof z.ZodObject)) return undefined
  const unknown = (params['keys'] as string[]).map((name) => JSON.stringify(name))
  const known = Object.keys(schema.shape)
  const hint = known.length === 0 ? 'this operation has none' : `this operation has ${known.join(', ')}`
  return `unknown query parameter ${unknown.join(', ')}; ${hint}`
}
