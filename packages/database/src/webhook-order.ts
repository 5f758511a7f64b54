/**
 * SQL: the provider of the order that an outgoing webhook is about, when the change was made; null for one about an account. An
 * index has it, so that it has to be written exactly like this.
 */
export const WEBHOOK_PROVIDER_SQL = `(body::json #>> '{data,order,provider}')`
/** SQL: the service of that order. */
export const WEBHOOK_SERVICE_SQL = `(body::json #>> '{data,order,service}')`
