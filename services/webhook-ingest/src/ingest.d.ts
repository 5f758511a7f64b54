import type { EventPublisher } from '@paxyo/event-bus';
import { type ReconcileReport, type ReconcileRequest } from '@paxyo/ledger';
import type { Provider } from '@paxyo/order-core';
import type { WebhookAuthentication } from '@paxyo/providers';
import type { ReadinessCheck } from '@paxyo/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { type TokenMintOptions } from './panel-api/tokens/token-mint.ts';
import type { PanelWebhookTarget } from './workers/outgoing-webhooks/outgoing-webhook-config.ts';
import { type VerificationTimes } from './workers/provider-verification/provider-verification.ts';
export interface IngestDeps {
    readonly pool: Pool;
    readonly publisher: EventPublisher;
    /** Each with how its webhooks are authenticated. */
    readonly providers: readonly IngestProvider[];
    /** Whether webhooks refund only after the provider was asked whether they are true; every provider has a client then. */
    readonly verifiesRefunds: boolean;
    readonly verificationTimes?: Partial<VerificationTimes>;
    /** Keys of the panel's API, beside those in the database. */
    readonly apiKeys: readonly string[];
    /** What browser tokens are signed with. */
    readonly tokens: TokenMintOptions;
    /** Whether the API's documentation is served, without a key. */
    readonly hasDocs: boolean;
    /** Where outgoing webhooks go; nowhere when it is not given, and that costs nothing. */
    readonly panelWebhook?: PanelWebhookTarget | undefined;
    readonly log: Logger;
}
export interface IngestProvider {
    readonly provider: Provider;
    readonly authentication: WebhookAuthentication;
}
export interface Ingest {
    register(app: FastifyInstance): void;
    /** Whether it should be sent webhooks. The bus is no part of it: refunds commit without, and their events follow. */
    readonly readiness: Readonly<Record<string, ReadinessCheck>>;
    addMetrics(registry: Registry): void;
    /**
     * Asks providers about orders and commits their answers as deliveries.
     *
     * @throws the database's errors.
     */
    reconcile(request: ReconcileRequest): Promise<ReconcileReport>;
    /** Commits what was accepted and publishes what was committed. The pool and the publisher stay open. */
    close(): Promise<void>;
}
/** How many connections its pool needs: one for each partition, the others for the panel, the outbox and readiness. */
export declare const INGEST_POOL_MAX = 10;
/** Takes webhooks and the panel's requests, and publishes what follows from them. */
export declare function createIngest(deps: IngestDeps): Ingest;
