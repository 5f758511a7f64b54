#!/bin/bash
# Reads a backup and puts it in the database's place, once all of it is there. Whatever uses the database is stopped first.
#   docker compose exec -T postgres bash /etc/paxyo/restore.sh < paxyo.dump
# The database of before stays as paxyo_replaced until the next time.
set -Eeuo pipefail
PGPASSWORD=$(cat /run/secrets/postgres-superuser-password)
export PGPASSWORD PGHOST=/var/run/postgresql PGUSER=postgres
sql() { psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 "$@"; }
sql -d postgres -c 'DROP DATABASE IF EXISTS paxyo_restored' -c 'CREATE DATABASE paxyo_restored'
pg_restore --exit-on-error --single-transaction --no-password --dbname paxyo_restored
# Positions of the history that is thrown away are void: browsers that come back take a snapshot.
sql -d paxyo_restored -c "UPDATE stream_epoch SET epoch = replace(gen_random_uuid()::text, '-', '')"
sql -d postgres \
  -c 'DROP DATABASE IF EXISTS paxyo_replaced' \
  -c 'ALTER DATABASE paxyo RENAME TO paxyo_replaced' \
  -c 'ALTER DATABASE paxyo_restored RENAME TO paxyo'
exec bash /etc/paxyo/apply-logins.sh
