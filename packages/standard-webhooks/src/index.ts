export { makeSecret, parseSecret } from './secret.ts'
export { signWebhook, type SignatureHeaders, type WebhookMessage } from './sign.ts'
export { verifyWebhook, type WebhookRequest } from './verify.ts'
