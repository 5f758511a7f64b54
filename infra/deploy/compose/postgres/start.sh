#!/bin/bash
# PostgreSQL wants its key to be its own and nobody else's, which a mounted file cannot be.
set -Eeuo pipefail
(umask 077 && cat /run/secrets/postgres.key >/var/run/postgresql/server.key)
exec docker-entrypoint.sh postgres -c config_file=/etc/paxyo/postgresql.conf -c hba_file=/etc/paxyo/pg_hba.conf
