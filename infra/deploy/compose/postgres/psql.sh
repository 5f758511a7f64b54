#!/bin/bash
# psql as the superuser, who can connect only on PostgreSQL's own machine or in its container:
#   docker compose exec postgres bash /etc/paxyo/psql.sh
# -d selects another database than paxyo.
set -Eeuo pipefail
PGPASSWORD=$(cat /run/secrets/postgres-superuser-password)
export PGPASSWORD
exec psql --no-psqlrc -h /var/run/postgresql -U postgres -d paxyo "$@"
