/** What a web server in front of Paxyo is configured with. */
export interface WebServerOptions {
  /** The public name, such as `rt.example.com`, with a port if it is not 443. */
  readonly host: string
  /** The port of Paxyo on this machine. */
  readonly port: number
  /** The certificate chain and its key, PEM. */
  readonly cert: string
  readonly key: string
  /** Whether the operators' console is at this host, and with it the panel API that its page reads. */
  readonly servesConsole?: boolean
}
