import { z } from 'zod';
/** Which providers there are, who may use the API, and what is sent to the panel. */
export declare const ingestVariables: {
    PROVIDERS_FILE: import("zod").ZodOptional<import("zod").ZodString>;
    WEBHOOK_TOKENS: import("zod").ZodDefault<import("zod").ZodPipe<import("zod").ZodString, import("zod").ZodTransform<string[], string>>>;
    WEBHOOK_SECRETS: import("zod").ZodDefault<import("zod").ZodPipe<import("zod").ZodPipe<import("zod").ZodString, import("zod").ZodTransform<string[], string>>, import("zod").ZodTransform<Buffer<ArrayBufferLike>[], string[]>>>;
    WEBHOOK_ALLOW_CIDRS: import("zod").ZodDefault<import("zod").ZodPipe<import("zod").ZodString, import("zod").ZodTransform<string[], string>>>;
    PROVIDER_API_URL: import("zod").ZodOptional<import("zod").ZodString>;
    PROVIDER_API_KEY: import("zod").ZodOptional<import("zod").ZodString>;
    PANEL_WEBHOOK_URL: z.ZodOptional<z.ZodString>;
    PANEL_WEBHOOK_SECRET: z.ZodOptional<z.ZodPipe<z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>, z.ZodTransform<Buffer<ArrayBufferLike>[], string[]>>>;
    PANEL_WEBHOOK_ALLOW_PRIVATE: z.ZodDefault<z.ZodPipe<z.ZodString & z.ZodType<"false" | "true", string, z.core.$ZodTypeInternals<"false" | "true", string>>, z.ZodTransform<boolean, "false" | "true">>>;
    /** Whether webhooks refund only after the provider was asked whether they are true. */
    CONFIRM_MONEY: z.ZodDefault<z.ZodEnum<{
        off: "off";
        on: "on";
    }>>;
    /** Keys of the panel's API, beside those that are kept in the database. */
    PANEL_API_KEYS: z.ZodDefault<z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>>;
    /** Whether `/docs` and `/openapi.json` are served, without a key. */
    API_DOCS: z.ZodDefault<z.ZodEnum<{
        off: "off";
        on: "on";
    }>>;
};
type Raw = Readonly<Record<string, string | undefined>>;
/** What is wrong between these variables. */
export declare function ingestProblems(raw: Raw): string[];
/** @throws ConfigError listing everything that is wrong. */
export declare function loadIngestConfig(environment: NodeJS.ProcessEnv): {
    readonly PROVIDERS_FILE: string | undefined;
    readonly WEBHOOK_TOKENS: string[];
    readonly WEBHOOK_SECRETS: Buffer<ArrayBufferLike>[];
    readonly WEBHOOK_ALLOW_CIDRS: string[];
    readonly PROVIDER_API_URL: string | undefined;
    readonly PROVIDER_API_KEY: string | undefined;
    readonly LOG_LEVEL: "debug" | "error" | "fatal" | "info" | "silent" | "trace" | "warn";
    readonly NODE_ENV: string;
    readonly TRUST_PROXY: string | boolean;
    readonly METRICS_PORT: number | undefined;
    readonly REDIS_URL: string;
    readonly REDIS_TOPOLOGY: "cluster" | "sentinel" | "single";
    readonly REDIS_SENTINEL_NAME: string;
    readonly REDIS_SENTINEL_PASSWORD: string | undefined;
    readonly CHANNEL_PREFIX: string;
    readonly PANEL_WEBHOOK_URL: string | undefined;
    readonly PANEL_WEBHOOK_SECRET: Buffer<ArrayBufferLike>[] | undefined;
    readonly PANEL_WEBHOOK_ALLOW_PRIVATE: boolean;
    readonly CONFIRM_MONEY: "off" | "on";
    readonly PANEL_API_KEYS: string[];
    readonly API_DOCS: "off" | "on";
    readonly DATABASE_URL: string;
    readonly HOST: string;
    readonly PORT: number;
    readonly JWT_SECRETS: string[];
    readonly JWT_AUDIENCE: string;
};
export {};
