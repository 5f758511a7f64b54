#!/bin/bash
# PostgreSQL requires that only its own user can read its key, which is not possible with a mounted file.
set -Eeuo pipefail
(umask 077 && cat /run/secrets/postgres.key >/var/run/postgresql/server.key)
exec docker-entrypoint.sh postgres -c config_file=/etc/paxyo/postgresql.conf -c hba_file=/etc/paxyo/pg_hba.conf
