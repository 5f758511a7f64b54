import { isDatabaseUnavailable, isRetryable } from '@paxyo/database'
import type { FastifyError, FastifyInstance } from 'fastify'
import { hasZodFastifySchemaValidationErrors, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import type { PanelApi } from './api.ts'
import { describeUnknownParameters } from './query-parameters.ts'
import { reject } from './response.ts'

const ISSUES_SHOWN_MAX = 10

/**
 * Makes the routes of a scope take Zod schemas and JSON only, and return the API's errors.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * const api = toPanelApi(app, log)
 * api.get('/', { schema: { querystring: z.object({ limit: z.coerce.number().max(10) }) } }, () => 'a page')
 * (await app.inject('/?limit=11')).json().code //=> 'validation_failed'
 */
export function toPanelApi(scope: FastifyInstance, log: Logger): PanelApi {
  const api: PanelApi = scope.withTypeProvider<ZodTypeProvider>()
  api.setValidatorCompiler(validatorCompiler)
  // An unexpected response body must not turn a committed change into an error: only tests check responses.
  api.setSerializerCompiler(() => (body) => JSON.stringify(body))
  api.removeContentTypeParser('text/plain')
  setErrorHandler(api, log)
  return api
}

/** Handles the errors that are specific to the API; the server handles all others. */
function setErrorHandler(api: PanelApi, log: Logger): void {
  api.setErrorHandler((error, request, reply) => {
    if (hasZodFastifySchemaValidationErrors(error)) {
      const detail = error.validation
        .slice(0, ISSUES_SHOWN_MAX)
        .map((issue) => {
          const ofQuery =
            error.validationContext === 'querystring' ? describeUnknownParameters(request, issue) : undefined
          const place = issue.instancePath.slice(1).replaceAll('/', '.') || error.validationContext
          return ofQuery ?? `${place}: ${issue.message}`
        })
        .join('; ')
      return reject(reply, 'validation_failed', detail)
    }
    if ((error as Partial<FastifyError>).code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
      return reject(reply, 'unsupported_media_type', 'send JSON with `Content-Type: application/json`')
    }
    // A transaction that lost every race may succeed later, too.
    if (isDatabaseUnavailable(error) || isRetryable(error)) {
      log.error({ err: error, route: request.routeOptions.url }, 'request failed')
      return reject(reply, 'database_unavailable')
    }
    throw error
  })
}
