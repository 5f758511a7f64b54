import type { Choices } from './choices.ts'

export interface UnitOptions {
  /** The folder of the code. */
  readonly codeDir: string
  readonly envFile: string
  /** Node's program. */
  readonly node: string
}

const STATE_FOLDER = '/var/lib/'
const PRIVILEGED_PORT_MAX = 1023

/** A unit for systemd 250 and newer, with the restrictions of those of the separate services. */
export function systemdUnit({ dataDir, port }: Choices, { codeDir, envFile, node }: UnitOptions): string {
  const state = dataDir.startsWith(STATE_FOLDER)
    ? `StateDirectory=${dataDir.slice(STATE_FOLDER.length)}\nStateDirectoryMode=0700`
    : `ReadWritePaths=${dataDir}`
  const capability = port <= PRIVILEGED_PORT_MAX ? 'CAP_NET_BIND_SERVICE' : ''
  return `[Unit]
Description=Paxyo Realtime: webhooks, refunds and browsers in one process
Documentation=file://${codeDir}/infra/docs/how-to/run-a-standalone.md
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
WorkingDirectory=${codeDir}
ExecStart=${node} --disable-warning=ExperimentalWarning services/standalone/src/main.ts
EnvironmentFile=${envFile}
User=paxyo
Group=paxyo
${state}
Restart=always
RestartSec=2
# Only Node gets the signal: it commits what it accepted, and then stops its PostgreSQL.
KillMode=mixed
TimeoutStopSec=60
LimitNOFILE=65536
TasksMax=256

# Denies everything that Node and PostgreSQL do not need; they need the network, and V8 writes the code that it runs.
UMask=0077
CapabilityBoundingSet=${capability}
AmbientCapabilities=${capability}
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=${capability === '' ? 'yes' : 'no'}
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
ProtectSystem=strict
RemoveIPC=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
DevicePolicy=closed
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`
}
