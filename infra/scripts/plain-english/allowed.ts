/** A use of a banned word that is right, and why. */
export interface Allowed {
  /** What may stand there. Matched against the text as it is written. */
  readonly text: RegExp
  /** Path prefixes where it may stand; everywhere when it is not set. */
  readonly in?: readonly string[]
  readonly reason: string
}

export const ALLOWED: readonly Allowed[] = [
  { text: /\bconnections? (?:is |was |were |are )?refused\b/gi, reason: 'TCP says so (ECONNREFUSED)' },
  { text: /\b(?:liveness|readiness|startup)[ _-]?probes?\b/gi, reason: 'the name of a Kubernetes field' },
  { text: /probes?\b/gi, in: ['infra/deploy/k8s/'], reason: 'Kubernetes probes a container' },
  { text: /\b(?:USER|User=|user[:=]?|group[:=]?) ?['"]?nobody\b/g, reason: 'the name of a Unix account' },
  { text: /['`]nobody['`]/g, in: ['packages/local-postgres/'], reason: 'the name of a Unix account' },
  { text: /\bfill(?:="|:|-opacity|-rule)/g, reason: 'an attribute of SVG and CSS' },
  { text: /\.fill\(/g, reason: "a method of JavaScript's arrays and Playwright's locators" },
  { text: /\b(?:Instagram|TikTok|YouTube) followers\b/g, reason: "what a panel's users order" },
  { text: /\bnssm remove .* confirm\b/g, reason: 'a command of NSSM' },
  { text: /\bprobe_ssl_earliest_cert_expiry\b/g, reason: 'a metric of blackbox_exporter' },
  { text: /\bpeerDependencies|peerDependenciesMeta\b/g, reason: 'a field of package.json' },
]

/** Files that are not ours to word, or that have to name the words. */
export const EXCLUDED: readonly { readonly path: RegExp; readonly reason: string }[] = [
  { path: /^pnpm-lock\.yaml$/, reason: 'generated' },
  { path: /schema\.generated\.ts$/, reason: 'generated' },
  { path: /\/test\/(?:data|frames|released)\//, reason: 'recorded, from elsewhere or from an earlier version' },
  { path: /\.(?:png|ico|woff2)$/, reason: 'binary' },
  { path: /^infra\/docs\/glossary\.md$/, reason: 'names the words that are not used' },
  { path: /^infra\/scripts\/plain-english\//, reason: 'the list itself' },
]
