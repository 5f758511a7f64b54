// Shows /openapi.json. The page makes no other requests: no fonts, no proxy, no telemetry, no assistant.
const OTHER_LANGUAGES = [
  'c',
  'clojure',
  'csharp',
  'dart',
  'fsharp',
  'go',
  'http',
  'java',
  'julia',
  'kotlin',
  'node',
  'objc',
  'ocaml',
  'powershell',
  'python',
  'r',
  'ruby',
  'rust',
  'swift',
]
const OTHER_LIBRARIES = [
  'js/axios',
  'js/jquery',
  'js/ofetch',
  'js/xhr',
  'php/guzzle',
  'php/laravel',
  'shell/httpie',
  'shell/wget',
]

globalThis.Scalar.createApiReference('#reference', {
  url: 'openapi.json',
  servers: [{ url: globalThis.location.origin }],
  documentDownloadType: 'direct',
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  hiddenClients: [...OTHER_LANGUAGES, ...OTHER_LIBRARIES],
  defaultOpenFirstTag: false,
  // Requests with a key belong into a terminal or the panel's server.
  hideTestRequestButton: true,
  hideClientButton: true,
  showDeveloperTools: 'never',
  telemetry: false,
  withDefaultFonts: false,
  agent: { disabled: true },
  mcp: { disabled: true },
})
