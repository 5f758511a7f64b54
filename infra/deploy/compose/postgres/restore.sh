#!/bin/bash
# Restores a backup and replaces the database when the restore is complete. Stop all services that use the database first.
#   docker compose exec -T postgres bash /etc/paxyo/restore.sh < paxyo.dump
# The old database is kept as paxyo_replaced until the next restore.
set -Eeuo pipefail
PGPASSWORD=$(cat /run/secrets/postgres-superuser-password)
export PGPASSWORD PGHOST=/var/run/postgresql PGUSER=postgres
sql() { psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 "$@"; }
sql -d postgres -c 'DROP DATABASE IF EXISTS paxyo_restored' -c 'CREATE DATABASE paxyo_restored'
pg_restore --exit-on-error --single-transaction --no-password --dbname paxyo_restored
# The new epoch makes positions of the discarded history void: browsers that reconnect get a snapshot. The timeline was that of the
# server of the dump.
sql -d paxyo_restored -c "UPDATE stream_epoch SET epoch = replace(gen_random_uuid()::text, '-', ''), timeline = NULL, is_synchronous = NULL"
sql -d postgres \
  -c 'DROP DATABASE IF EXISTS paxyo_replaced' \
  -c 'ALTER DATABASE paxyo RENAME TO paxyo_replaced' \
  -c 'ALTER DATABASE paxyo_restored RENAME TO paxyo'
exec bash /etc/paxyo/apply-logins.sh
