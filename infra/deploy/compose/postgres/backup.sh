#!/bin/bash
# Writes a dump of the database to standard output, for restore.sh. The services keep running.
#   docker compose exec -T postgres bash /etc/paxyo/backup.sh > paxyo.dump
set -Eeuo pipefail
PGPASSWORD=$(cat /run/secrets/postgres-superuser-password)
export PGPASSWORD
exec pg_dump --format custom --no-password -h /var/run/postgresql -U postgres paxyo
