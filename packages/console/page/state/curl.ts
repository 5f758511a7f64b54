const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** A command that sends the same text as the provider did. The token is a variable of the shell, and in no history. */
export const curlOf = (
  { provider, body }: { readonly provider: string; readonly body: string },
  origin: string,
): string =>
  [
    `curl -X POST ${quoted(`${origin}/webhooks/${encodeURIComponent(provider)}/`)}"$WEBHOOK_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `-d ${quoted(body)}`,
  ].join(' ')
