import type {
  AccountOpening,
  AccountPage,
  AccountResponse,
  CopyAccountsQuery,
  DepositRequest,
  DepositResponse,
  LedgerEntry,
} from '../schemas/accounts.ts'
import type { ApiKeyList, RevokedApiKey } from '../schemas/api-keys.ts'
import type { AuditEntryView, ListAuditLogQuery } from '../schemas/audit-log.ts'
import type { ConnectionCounts, DisconnectedUser, RevokedTokens, UserConnections } from '../schemas/connections.ts'
import { CHANGES_WAIT_S_MAX, type ChangeFeed, type ReadChangesQuery } from '../schemas/changes.ts'
import type {
  DeliveryResponse,
  DeliveryView,
  ListDeliveriesQuery,
  ReplayPage,
  ReplayRange,
  ReplayResponse,
} from '../schemas/deliveries.ts'
import type {
  ChangeOperator,
  InvitedOperator,
  InviteOperator,
  OperatorLinkView,
  OperatorList,
  OperatorView,
} from '../schemas/operators.ts'
import type { ActedOnOrder, ActOnOrder } from '../schemas/order-actions.ts'
import type {
  DaysQuery,
  DaySummary,
  SearchResult,
  TestWebhook,
  TestWebhookRequest,
  Today,
  TodayQuery,
} from '../schemas/overview.ts'
import type { ListOrdersQuery, OrderHistory, PanelOrder, RegisteredOrder } from '../schemas/orders.ts'
import type { PageQuery } from '../schemas/page.ts'
import type {
  FullOutgoingWebhookView,
  ListOutgoingWebhooksQuery,
  OutgoingWebhookView,
  RetriedWebhooks,
} from '../schemas/outgoing-webhooks.ts'
import type {
  ChangeEndpoint,
  CreatedEndpoint,
  CreateEndpoint,
  EndpointList,
  PingResult,
  RotatedSecret,
  WebhookEndpoint,
} from '../schemas/webhook-endpoints.ts'
import type { EraseUser, ErasedUser } from '../schemas/erasure.ts'
import type { ReadRefundsQuery, RefundFeed } from '../schemas/refunds.ts'
import type { AttachedProviderOrder, AttachProviderOrder } from '../schemas/provider-orders.ts'
import type { Registration } from '../schemas/registration.ts'
import type {
  FullRejectedRequestView,
  ListRejectedRequestsQuery,
  RejectedReplay,
  RejectedReplayPage,
  RejectedRequestView,
  ReplayRejected,
} from '../schemas/rejected-requests.ts'
import type {
  ListReviewsQuery,
  ReplayWordRequest,
  ResolvedReview,
  ResolveRequest,
  MappedWordView,
  PreviewResolutionsQuery,
  ResolutionPreview,
  MapWordRequest,
  Review,
  ReviewCase,
  WordPreviewView,
  WordReplay,
} from '../schemas/reviews.ts'
import type { Diagnosis, LedgerAudit } from '../schemas/diagnostics.ts'
import type { BrowserToken, RevokedToken, TokenRequest, TokenRevocation } from '../schemas/tokens.ts'
import { listOf, type List } from './pages.ts'
import { registerMany, type RegisteredOrders } from './register-many.ts'
import { createTransport, type PanelClientOptions, type RequestOptions, type Transport } from './transport.ts'

/**
 * The panel API with types. Every method throws a PanelApiError when it fails after its retries.
 *
 * Responses have the types of the API's schemas and are not checked against them: a newer server may send statuses,
 * outcomes and members that this version does not list.
 */
export interface PanelClient {
  readonly overview: Overview
  readonly orders: Orders
  readonly accounts: Accounts
  readonly changes: Changes
  readonly refunds: Refunds
  readonly reviews: Reviews
  readonly deliveries: Deliveries
  readonly rejectedRequests: RejectedRequests
  readonly tokens: Tokens
  readonly users: Users
  readonly connections: Connections
  readonly outgoingWebhooks: OutgoingWebhooks
  readonly operators: Operators
  /** What API keys and operators changed, the newest first. */
  readonly auditLog: List<AuditEntryView, ListAuditLogQuery>
  readonly keys: ApiKeys
}

/** The people who use the console. */
export interface Operators {
  list(): Promise<OperatorList>
  invite(operator: InviteOperator): Promise<InvitedOperator>
  change(operatorId: string, change: ChangeOperator): Promise<OperatorView>
  /** A link with which an operator chooses a new password. */
  createPasswordLink(operatorId: string): Promise<OperatorLinkView>
}

export interface ApiKeys {
  list(): Promise<ApiKeyList>
  /** The services reject the key within a second. */
  revoke(keyId: string): Promise<RevokedApiKey>
}

export interface Orders extends List<PanelOrder, ListOrdersQuery> {
  /** Registers an order that was passed on to the provider, or will be; repeating it with the same details changes nothing. */
  register(order: Registration, options?: RequestOptions): Promise<RegisteredOrder>
  /** Registers any number of orders; one that is rejected does not fail the others. */
  registerMany(orders: readonly Registration[]): Promise<RegisteredOrders>
  get(orderId: string): Promise<OrderHistory>
  /** Attaches the provider's order, or replaces it; repeating it changes nothing. */
  attachProviderOrder(
    orderId: string,
    providerOrder: AttachProviderOrder,
    options?: RequestOptions,
  ): Promise<AttachedProviderOrder>
  /** Refunds, cancels or sets the status of an order. @param options with a key, so that it is done once. */
  act(orderId: string, action: ActOnOrder, options?: RequestOptions): Promise<ActedOnOrder>
}

export interface Accounts {
  /** Opens an empty account; a user's first order does so, too. */
  open(opening: AccountOpening, options?: RequestOptions): Promise<AccountResponse>
  get(userId: string): Promise<AccountResponse>
  /** A page of a copy of all accounts; `nextCursor` is the `cursor` of the next one. */
  copyPage(query: CopyAccountsQuery): Promise<AccountPage>
  /** @param options with a key that identifies the payment, so that it is deposited once, however often this is called. */
  deposit(userId: string, deposit: DepositRequest, options: Required<RequestOptions>): Promise<DepositResponse>
  /** The entries of an account, newest first. */
  ledger(userId: string): List<LedgerEntry, PageQuery>
}

export interface Changes {
  /** A page of the feed: every change once, in the order of the commits. Store its `cursor` and continue from it. */
  read(query?: ReadChangesQuery): Promise<ChangeFeed>
  /** Pages from `after`, without an end: each request is held until there is a change. Empty pages are included. */
  follow(query?: Omit<ReadChangesQuery, 'wait'>): AsyncGenerator<ChangeFeed, never>
}

export interface Refunds {
  /** A page of the feed: every refund once, in the order of the commits. Store its `cursor` and continue from it. */
  read(query?: ReadRefundsQuery): Promise<RefundFeed>
  /** Pages from `after` to the current end of the feed. */
  pages(query?: ReadRefundsQuery): AsyncGenerator<RefundFeed, void>
}

export interface Reviews extends List<Review, ListReviewsQuery> {
  get(reviewId: string): Promise<ReviewCase>
  resolve(reviewId: string, decision: ResolveRequest, options?: RequestOptions): Promise<ResolvedReview>
  /** What the same resolution of all open reviews of a reason would do. */
  preview(query: PreviewResolutionsQuery): Promise<ResolutionPreview>
  /** Gives the unknown word of a review a meaning, for all later updates of its provider. */
  mapWord(reviewId: string, request: MapWordRequest, options?: RequestOptions): Promise<MappedWordView>
  /** What the deliveries with the word of a review would do if it had this meaning. */
  previewWord(reviewId: string, status: MapWordRequest['status']): Promise<WordPreviewView>
  /** Replays all deliveries with the unknown word of a review, a chunk at a time, once the word is mapped. */
  replay(reviewId: string, request?: ReplayWordRequest): AsyncGenerator<WordReplay, void>
}

export interface Deliveries extends List<DeliveryView, ListDeliveriesQuery> {
  get(deliveryId: string): Promise<DeliveryResponse>
  /** Processes a delivery again. No refund is paid twice. */
  replay(deliveryId: string, options?: RequestOptions): Promise<ReplayResponse>
  /** Processes all deliveries of a time range again, page by page, in the order of their arrival. */
  replayRange(range: ReplayRange): AsyncGenerator<ReplayPage, void>
}

export interface RejectedRequests extends List<RejectedRequestView, ListRejectedRequestsQuery> {
  get(requestId: string): Promise<FullRejectedRequestView>
  /** Reads a rejected request again and commits its updates. No refund is paid twice. */
  replay(requestId: string, options?: RequestOptions): Promise<RejectedReplay>
  /** Replays all that no replay could read yet, page by page, the oldest first. */
  replayAll(query?: Pick<ReplayRejected, 'provider'>): AsyncGenerator<RejectedReplayPage, void>
}

export interface Tokens {
  /** Signs a token for a user's browser. */
  mint(request: TokenRequest): Promise<BrowserToken>
  /** Revokes one token, and closes its connections. */
  revoke(token: TokenRevocation): Promise<RevokedToken>
}

export interface Users {
  /** The open connections of a user. */
  connections(userId: string): Promise<UserConnections>
  /** Closes the connections of a user; the browsers reconnect. */
  disconnect(userId: string): Promise<DisconnectedUser>
  /** Revokes all browser tokens of a user that were issued before now, and closes their connections. */
  revokeTokens(userId: string): Promise<RevokedTokens>
  /** Puts a pseudonym in the place of a user everywhere; the ledger stays. */
  erase(userId: string, request?: EraseUser): Promise<ErasedUser>
}

export interface Overview {
  /** Finds orders and users by an id, or orders by the beginning of a link. */
  search(text: string): Promise<SearchResult>
  /** What happened today, and what is waiting. */
  today(query?: TodayQuery): Promise<Today>
  /** Refunds and webhooks by day; at most 31 days. */
  days(query: DaysQuery): Promise<DaySummary>
  /** Sends a webhook as the provider does, which completes a test order. */
  testWebhook(request: TestWebhookRequest): Promise<TestWebhook>
  /** Checks PostgreSQL, the bus and the gateways. */
  diagnose(): Promise<Diagnosis>
  /** Audits money, streams and deliveries. */
  auditLedger(): Promise<LedgerAudit>
}

export interface Connections {
  /** How many users are online. */
  count(): Promise<ConnectionCounts>
}

export interface OutgoingWebhooks extends List<OutgoingWebhookView, ListOutgoingWebhooksQuery> {
  readonly endpoints: WebhookEndpoints
  /** A webhook with its body. */
  get(webhookId: string): Promise<FullOutgoingWebhookView>
  /** Retries a webhook now. */
  retry(webhookId: string): Promise<OutgoingWebhookView>
  /** Retries up to a thousand dead webhooks; `hasMore` says whether to repeat it. */
  retryDead(): Promise<RetriedWebhooks>
}

export interface WebhookEndpoints {
  list(): Promise<EndpointList>
  get(endpointId: string): Promise<WebhookEndpoint>
  /** The response has the secret, which is not shown again. */
  create(endpoint: CreateEndpoint, options?: RequestOptions): Promise<CreatedEndpoint>
  change(endpointId: string, change: ChangeEndpoint): Promise<WebhookEndpoint>
  delete(endpointId: string): Promise<{ readonly endpointId: string }>
  /** `add` a secret, configure the receiver with it, and `retire` the older one. */
  rotateSecret(endpointId: string, step: 'add' | 'retire' | 'replace', options?: RequestOptions): Promise<RotatedSecret>
  /** Sends a signed ping, and returns the response, also when it is an error. */
  ping(endpointId: string): Promise<PingResult>
}

/**
 * Creates a client of the panel API. It opens no connection before its first request.
 *
 * @example
 * const panel = createPanelClient({ url: panelUrl, apiKey: panelKey })
 * await panel.accounts.open({ userId: 'ann', currency: 'USD' })
 * const { account } = await panel.accounts.get('ann')
 * account.balance //=> '0'
 */
export function createPanelClient(options: PanelClientOptions): PanelClient {
  const transport = createTransport(options)
  return {
    orders: createOrders(transport),
    accounts: createAccounts(transport),
    changes: createChanges(transport),
    refunds: createRefunds(transport),
    reviews: createReviews(transport),
    deliveries: createDeliveries(transport),
    rejectedRequests: createRejectedRequests(transport),
    tokens: {
      mint: (request) => transport.post('/v1/tokens', request),
      revoke: (token) => transport.post('/v1/tokens/revoke', token),
    },
    users: createUsers(transport),
    overview: {
      search: (q) => transport.get('/v1/search', { q }),
      today: (query = {}) => transport.get('/v1/summary/today', query),
      days: (query) => transport.get('/v1/summary/days', query),
      testWebhook: (request) => transport.post('/v1/test-webhook', request),
      diagnose: () => transport.get('/v1/diagnostics'),
      auditLedger: () => transport.get('/v1/ledger-audit'),
    },
    connections: { count: () => transport.get('/v1/connections') },
    outgoingWebhooks: {
      ...listOf(transport, '/v1/outgoing-webhooks'),
      endpoints: createWebhookEndpoints(transport),
      get: (webhookId) => transport.get(pathTo`/v1/outgoing-webhooks/${webhookId}`),
      retry: (webhookId) => transport.post(pathTo`/v1/outgoing-webhooks/${webhookId}/retry`),
      retryDead: () => transport.post('/v1/outgoing-webhooks/retry'),
    },
    operators: createOperators(transport),
    auditLog: listOf(transport, '/v1/audit-log'),
    keys: {
      list: () => transport.get('/v1/keys'),
      revoke: (keyId) => transport.post(pathTo`/v1/keys/${keyId}/revoke`),
    },
  }
}

/** A path in which ids are escaped. */
const pathTo = (parts: TemplateStringsArray, ...ids: readonly string[]): string =>
  String.raw({ raw: parts }, ...ids.map(encodeURIComponent))

const createOrders = (transport: Transport): Orders => ({
  ...listOf(transport, '/v1/orders'),
  register: (order, options) => transport.post('/v1/orders', order, options),
  registerMany: (orders) => registerMany(transport, orders),
  get: (orderId) => transport.get(pathTo`/v1/orders/${orderId}`),
  attachProviderOrder: (orderId, providerOrder, options) =>
    transport.put(pathTo`/v1/orders/${orderId}/provider-order`, providerOrder, options),
  act: (orderId, action, options) => transport.post(pathTo`/v1/orders/${orderId}/actions`, action, options),
})

const createAccounts = (transport: Transport): Accounts => ({
  open: (opening, options) => transport.post('/v1/accounts', opening, options),
  get: (userId) => transport.get(pathTo`/v1/accounts/${userId}`),
  copyPage: (query) => transport.get('/v1/accounts', query),
  deposit: (userId, deposit, options) => transport.post(pathTo`/v1/accounts/${userId}/deposits`, deposit, options),
  ledger: (userId) => listOf(transport, pathTo`/v1/accounts/${userId}/ledger`),
})

const createOperators = (transport: Transport): Operators => ({
  list: () => transport.get('/v1/operators'),
  invite: (operator) => transport.post('/v1/operators', operator),
  change: (operatorId, change) => transport.patch(pathTo`/v1/operators/${operatorId}`, change),
  createPasswordLink: (operatorId) => transport.post(pathTo`/v1/operators/${operatorId}/password-link`),
})

const createUsers = (transport: Transport): Users => ({
  connections: (userId) => transport.get(pathTo`/v1/users/${userId}/connections`),
  disconnect: (userId) => transport.post(pathTo`/v1/users/${userId}/disconnect`),
  revokeTokens: (userId) => transport.post(pathTo`/v1/users/${userId}/revoke-tokens`),
  erase: (userId, request = {}) => transport.post(pathTo`/v1/users/${userId}/erase`, request),
})

const createChanges = (transport: Transport): Changes => {
  const read = (query: ReadChangesQuery = {}): Promise<ChangeFeed> =>
    transport.get('/v1/changes', query, (query.wait ?? 0) * 1000)
  return {
    read,
    async *follow(query) {
      for (let after = query?.after; ;) {
        const page = await read({ ...query, wait: CHANGES_WAIT_S_MAX, ...(after === undefined ? {} : { after }) })
        after = page.cursor
        yield page
      }
    },
  }
}

const createRefunds = (transport: Transport): Refunds => ({
  read: (query) => transport.get('/v1/refunds', query),
  async *pages(query) {
    let after = query?.after
    for (let hasMore = true; hasMore;) {
      const page = await transport.get<RefundFeed>('/v1/refunds', { ...query, after })
      yield page
      ;({ cursor: after, hasMore } = page)
    }
  },
})

const createWebhookEndpoints = (transport: Transport): WebhookEndpoints => {
  const path = '/v1/outgoing-webhooks/endpoints'
  return {
    list: () => transport.get(path),
    get: (endpointId) => transport.get(path + pathTo`/${endpointId}`),
    create: (endpoint, options) => transport.post(path, endpoint, options),
    change: (endpointId, change) => transport.patch(path + pathTo`/${endpointId}`, change),
    delete: (endpointId) => transport.delete(path + pathTo`/${endpointId}`),
    rotateSecret: (endpointId, step, options) =>
      transport.post(path + pathTo`/${endpointId}/secret`, { step }, options),
    ping: (endpointId) => transport.post(path + pathTo`/${endpointId}/ping`),
  }
}

const createReviews = (transport: Transport): Reviews => ({
  ...listOf(transport, '/v1/reviews'),
  get: (reviewId) => transport.get(pathTo`/v1/reviews/${reviewId}`),
  resolve: (reviewId, decision, options) => transport.post(pathTo`/v1/reviews/${reviewId}/resolve`, decision, options),
  preview: (query) => transport.get('/v1/reviews/preview', query),
  mapWord: (reviewId, request, options) => transport.post(pathTo`/v1/reviews/${reviewId}/map-word`, request, options),
  previewWord: (reviewId, status) => transport.get(pathTo`/v1/reviews/${reviewId}/word-preview`, { status }),
  async *replay(reviewId, request = {}) {
    for (let isLast = false; !isLast;) {
      const chunk: WordReplay = await transport.post(pathTo`/v1/reviews/${reviewId}/replay`, request)
      yield chunk
      isLast = chunk.remaining === 0 || chunk.replayed === 0
    }
  },
})

const createDeliveries = (transport: Transport): Deliveries => ({
  ...listOf(transport, '/v1/deliveries'),
  get: (deliveryId) => transport.get(pathTo`/v1/deliveries/${deliveryId}`),
  replay: (deliveryId, options) => transport.post(pathTo`/v1/deliveries/${deliveryId}/replay`, undefined, options),
  async *replayRange(range) {
    let cursor: string | null | undefined = range.cursor
    do {
      // Each page has its own key: a page that is processed again pays nothing twice.
      const page: ReplayPage = await transport.post('/v1/deliveries/replay', { ...range, ...(cursor && { cursor }) })
      yield page
      cursor = page.nextCursor
    } while (cursor !== null)
  },
})

const createRejectedRequests = (transport: Transport): RejectedRequests => ({
  ...listOf(transport, '/v1/rejected-requests'),
  get: (requestId) => transport.get(pathTo`/v1/rejected-requests/${requestId}`),
  replay: (requestId, options) => transport.post(pathTo`/v1/rejected-requests/${requestId}/replay`, undefined, options),
  async *replayAll(query) {
    let cursor: string | null | undefined
    do {
      const page: RejectedReplayPage = await transport.post('/v1/rejected-requests/replay', {
        ...query,
        ...(cursor && { cursor }),
      })
      yield page
      cursor = page.nextCursor
    } while (cursor !== null)
  },
})
