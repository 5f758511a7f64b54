/**
 * The effect of an erasure on each column that can hold text: a column that is in no list fails a test, so that a new one is
 * decided.
 *
 * - `pseudonym`: the user's id is replaced.
 * - `erased`: what is about the user is deleted or replaced by `erased`.
 * - `expires`: it is deleted by its retention, and has a purpose until then.
 * - `ledger`: it identifies a row of the ledger or of the provider, and no person without the panel's own database.
 * - `other`: it is about operators, keys, providers or the system.
 */
export const ERASURE_DECISIONS: Readonly<
  Record<'pseudonym' | 'erased' | 'expires' | 'ledger' | 'other', Readonly<Record<string, readonly string[]>>>
> = {
  pseudonym: {
    accounts: ['user_id'],
    audit_log: ['subject'],
    change_feed: ['user_ids'],
    events: ['user_id'],
    ledger_entries: ['user_id'],
    orders: ['user_id'],
    outbox: ['user_ids'],
    outgoing_webhooks: ['subject'],
  },
  erased: {
    archive_keys: ['user_id', 'key'],
    audit_call_users: ['user_id'],
    audit_calls: ['user_id'],
    audit_log: ['note', 'before', 'after'],
    deliveries: ['body'],
    erasures: ['user_id'],
    events: ['payload', 'compact'],
    idempotency_keys: ['body'],
    operator_actions: ['note'],
    orders: ['link'],
    outgoing_webhooks: ['body', 'attempt_history', 'last_error'],
    receipts: ['user_id'],
    reviews: ['resolution_note'],
    sent_positions: ['user_id'],
    verifications: ['response', 'last_error'],
  },
  expires: {
    // A token that was issued before stays revoked.
    connection_cutoffs: ['user_id'],
    revoked_tokens: ['user_id', 'jti'],
    idempotency_keys: ['idempotency_key', 'request_hash'],
    // Could not be read, so no user is known.
    rejected_requests: [
      'address',
      'body',
      'content_encoding',
      'content_type',
      'detail',
      'digest',
      'message_id',
      'provider',
      'reason',
    ],
  },
  ledger: {
    accounts: ['balance_mode', 'currency', 'order_counts'],
    // Has a ref in the place of the user's id.
    audit_call_groups: ['lines'],
    audit_calls: ['after', 'subject'],
    deliveries: [
      'delivery_id',
      'origin',
      'outcome',
      'provider',
      'provider_order_id',
      'reason',
      'replay_of',
      'status_word',
      'waiting_update',
    ],
    ledger_entries: ['kind', 'order_id', 'payment_ref'],
    operator_actions: ['order_id'],
    orders: ['order_id', 'provider', 'provider_order_id', 'service', 'status'],
    provider_order_changes: [
      'former_provider',
      'former_provider_order_id',
      'order_id',
      'provider',
      'provider_order_id',
    ],
    reconciliations: ['order_id'],
    repeatable_delivery_ids: ['delivery_id'],
    reviews: ['delivery_id', 'detail', 'order_id', 'reason', 'resolution', 'resolution_status'],
    change_feed: ['previous_statuses', 'review_change'],
    changed_deliveries: ['delivery_id'],
    verifications: ['delivery_id', 'provider', 'provider_order_id'],
  },
  other: {
    audit_call_users: ['ref'],
    audit_calls: ['action', 'actor', 'address', 'result'],
    api_keys: ['allowed_networks', 'key_hash', 'key_id', 'name', 'scopes'],
    audit_log: ['action', 'actor', 'actor_name', 'address', 'hash', 'previous_hash', 'result'],
    audit_log_signatures: ['hash', 'public_key', 'signature'],
    erasures: ['actor', 'actor_name', 'address', 'pseudonym'],
    mapped_words: ['mapped_by', 'provider', 'status', 'word'],
    operations_tickets: ['session_hash', 'ticket_hash'],
    operator_actions: ['action', 'actor', 'key_id', 'status'],
    operator_links: ['link_hash', 'operator_id'],
    operator_passkeys: ['credential_id', 'name', 'operator_id', 'public_key', 'transports'],
    operator_refunds: ['operator_id'],
    operator_sessions: ['address', 'operator_id', 'session_hash'],
    operators: ['name', 'operator_id', 'password_hash', 'role', 'totp_pending', 'totp_secret'],
    outgoing_webhook_endpoints: ['ca', 'endpoint_id', 'secrets', 'types', 'url'],
    outgoing_webhooks: ['endpoint_id', 'state', 'type'],
    passkey_challenges: ['binding_hash', 'challenge'],
    provider_order_changes: ['key_id'],
    reconcile_runs: ['error'],
    reviews: ['resolved_by', 'resolved_with'],
    revoked_keys: ['key_hash'],
    sent_positions: ['gateway_id'],
    service_secrets: ['fingerprint', 'kind', 'process', 'provider', 'service'],
    stream_epoch: ['epoch'],
  },
}
