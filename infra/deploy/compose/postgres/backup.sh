#!/bin/bash
# Writes the database as it is at this moment to standard output, for restore.sh. Everything goes on meanwhile.
#   docker compose exec -T postgres bash /etc/paxyo/backup.sh > paxyo.dump
set -Eeuo pipefail
PGPASSWORD=$(cat /run/secrets/postgres-superuser-password)
export PGPASSWORD
exec pg_dump --format custom --no-password -h /var/run/postgresql -U postgres paxyo
