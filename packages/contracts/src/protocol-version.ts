/**
 * The version of the wire, sent in `welcome`. Raise it when a message changes in a way that an older client would
 * misread, and note here what changed.
 *
 * 1. hello, refresh, pong; welcome, event, ping, drain, error.
 */
export const PROTOCOL_VERSION = 1
