import { DEFAULT_WEBHOOK_TYPES } from '@paxyo/contracts'
import { ENVIRONMENT_ENDPOINT, type StoredEndpoint } from '@paxyo/ledger'
import {
  changeEndpointSchema,
  createdEndpointSchema,
  createEndpointSchema,
  deletedEndpointSchema,
  endpointIdSchema,
  endpointListSchema,
  pingSchema,
  webhookEndpointSchema,
} from '@paxyo/panel-client'
import { makeSecret } from '@paxyo/standard-webhooks'
import { z } from 'zod'
import { addressProblem } from '../../workers/outgoing-webhooks/check-address.ts'
import type { ChangeRouteDeps } from '../changes/change-routes.ts'
import {
  type ApiDeps,
  idempotencyHeaders,
  commitRequest,
  describeChange,
  operation,
  type PanelApi,
  reject,
  sendResponse,
} from '@paxyo/panel-api-kit'
import { toEndpoint } from './endpoint-view.ts'
import { registerRotateSecret } from './endpoint-secret.ts'
import { READ, WRITE, type OutgoingWebhookDeps } from './outgoing-webhook-routes.ts'
import { pingEndpoint } from './ping-endpoint.ts'

type Deps = ApiDeps & OutgoingWebhookDeps & ChangeRouteDeps

const params = z.object({ endpointId: endpointIdSchema })

/** `/v1/outgoing-webhooks/endpoints`: where outgoing webhooks are sent. */
export function registerEndpointRoutes(api: PanelApi, deps: Deps): void {
  registerCreate(api, deps)
  registerList(api, deps)
  registerRead(api, deps)
  registerChange(api, deps)
  registerDelete(api, deps)
  registerRotateSecret(api, deps)
  registerPing(api, deps)
}

function registerCreate(api: PanelApi, deps: Deps): void {
  const schema = {
    headers: idempotencyHeaders,
    body: createEndpointSchema,
    ...operation({
      ...WRITE,
      operationId: 'createWebhookEndpoint',
      summary: 'Create an endpoint',
      description: 'It gets the webhooks of changes from now on. Verify them with the returned secret.',
      responses: { 201: { description: 'The endpoint and its secret.', schema: createdEndpointSchema } },
      errors: ['address_not_allowed', 'too_many_endpoints', 'idempotency_key_reused', 'idempotency_key_in_use'],
    }),
  }
  api.post('/v1/outgoing-webhooks/endpoints', { schema }, async (request, reply) => {
    const { url, types = DEFAULT_WEBHOOK_TYPES, isEnabled = true, ca = null, isInsecure = false } = request.body
    const problem = await addressProblem({ url, ca, isInsecure }, deps.addressRules)
    if (problem !== undefined) return reject(reply, 'address_not_allowed', problem)
    // Earlier changes get their positions, so that the endpoint begins after them.
    await deps.changeFeed.append()
    const response = await commitRequest(deps, request, async ({ client, newId }) => {
      const endpointId = newId()
      const secret = makeSecret()
      const given = { endpointId, url, types: [...new Set(types)], secrets: [secret], isEnabled, ca, isInsecure }
      const createdAt = await deps.webhookEndpoints.insert(client, given)
      if (createdAt === undefined) return 'too_many_endpoints'
      const endpoint = toEndpoint({ ...given, waiting: 0, createdAt })
      const audit = { subject: endpointId, after: { url, types: given.types, isEnabled } }
      return { status: 201, body: { endpoint, secret }, audit }
    })
    if (typeof response === 'object' && !response.isReplay) deps.log.info({ url }, 'outgoing webhook endpoint created')
    deps.onEndpointsChanged()
    return sendResponse(reply, response)
  })
}

function registerList(api: PanelApi, { webhookEndpoints }: Deps): void {
  const schema = operation({
    ...READ,
    operationId: 'listWebhookEndpoints',
    summary: 'List the endpoints, oldest first',
    responses: { 200: { description: 'All endpoints.', schema: endpointListSchema } },
  })
  api.get('/v1/outgoing-webhooks/endpoints', { schema }, async (_request, reply) =>
    reply.send({ data: (await webhookEndpoints.list()).map(toEndpoint) }),
  )
}

function registerRead(api: PanelApi, { webhookEndpoints }: Deps): void {
  const schema = {
    params,
    ...operation({
      ...READ,
      operationId: 'readWebhookEndpoint',
      summary: 'Read an endpoint',
      responses: { 200: { description: 'The endpoint.', schema: webhookEndpointSchema } },
      errors: ['webhook_endpoint_not_found'],
    }),
  }
  api.get('/v1/outgoing-webhooks/endpoints/:endpointId', { schema }, async (request, reply) => {
    const endpoint = await webhookEndpoints.read(request.params.endpointId)
    return endpoint === undefined ? reject(reply, 'webhook_endpoint_not_found') : reply.send(toEndpoint(endpoint))
  })
}

/** What the audit log says about an endpoint. */
const shown = ({ url, types, isEnabled }: StoredEndpoint): object => ({ url, types, isEnabled })

function registerChange(api: PanelApi, { webhookEndpoints, log, addressRules, onEndpointsChanged }: Deps): void {
  const schema = {
    params,
    body: changeEndpointSchema,
    ...operation({
      ...WRITE,
      operationId: 'changeWebhookEndpoint',
      summary: 'Change an endpoint',
      responses: { 200: { description: 'The endpoint after the change.', schema: webhookEndpointSchema } },
      errors: ['address_not_allowed', 'webhook_endpoint_not_found', 'endpoint_of_environment'],
    }),
  }
  api.patch('/v1/outgoing-webhooks/endpoints/:endpointId', { schema }, async (request, reply) => {
    const { endpointId } = request.params
    if (endpointId === ENVIRONMENT_ENDPOINT) return reject(reply, 'endpoint_of_environment')
    const before = await webhookEndpoints.read(endpointId)
    if (before === undefined) return reject(reply, 'webhook_endpoint_not_found')
    const { isEnabled } = request.body
    const types = request.body.types && [...new Set(request.body.types)]
    const { url = before.url, ca = before.ca, isInsecure = before.isInsecure } = request.body
    const problem = await addressProblem({ url, ca, isInsecure }, addressRules)
    if (problem !== undefined) return reject(reply, 'address_not_allowed', problem)
    await webhookEndpoints.change(endpointId, { url, ca, isInsecure, types, isEnabled })
    log.info({ endpointId, url, types, isEnabled }, 'outgoing webhook endpoint changed')
    onEndpointsChanged()
    const after = await webhookEndpoints.read(endpointId)
    if (after === undefined) return reject(reply, 'webhook_endpoint_not_found')
    describeChange(request, { before: shown(before), after: shown(after) })
    return reply.send(toEndpoint(after))
  })
}

function registerDelete(api: PanelApi, { webhookEndpoints, log, onEndpointsChanged }: Deps): void {
  const schema = {
    params,
    ...operation({
      ...WRITE,
      operationId: 'deleteWebhookEndpoint',
      summary: 'Delete an endpoint with its webhooks',
      responses: { 200: { description: 'It is deleted.', schema: deletedEndpointSchema } },
      errors: ['webhook_endpoint_not_found', 'endpoint_of_environment'],
    }),
  }
  api.delete('/v1/outgoing-webhooks/endpoints/:endpointId', { schema }, async (request, reply) => {
    const { endpointId } = request.params
    if (endpointId === ENVIRONMENT_ENDPOINT) return reject(reply, 'endpoint_of_environment')
    if (!(await webhookEndpoints.delete(endpointId))) return reject(reply, 'webhook_endpoint_not_found')
    log.info({ endpointId }, 'outgoing webhook endpoint deleted')
    onEndpointsChanged()
    return reply.send({ endpointId })
  })
}

function registerPing(api: PanelApi, deps: Deps): void {
  const schema = {
    headers: idempotencyHeaders,
    params,
    ...operation({
      ...WRITE,
      operationId: 'pingWebhookEndpoint',
      summary: 'Send a signed ping to an endpoint and report the response',
      description: 'The body is `{"type":"ping", …}`. A receiver verifies the signature, and responds with 2xx.',
      responses: { 200: { description: 'The result, also when it failed.', schema: pingSchema } },
      errors: ['webhook_endpoint_not_found'],
    }),
  }
  api.post('/v1/outgoing-webhooks/endpoints/:endpointId/ping', { schema }, async (request, reply) => {
    const result = await pingEndpoint(deps, request.params.endpointId)
    return result === undefined ? reject(reply, 'webhook_endpoint_not_found') : reply.send(result)
  })
}
