#!/bin/bash
# Patroni runs this on the first primary when the cluster is created: the database, and the logins of the services.
set -Eeuo pipefail
PGPASSWORD=$(cat /run/secrets/postgres-superuser-password)
export PGPASSWORD
# Patroni gives pg_rewind's login its password and its other rights afterwards.
psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -h /var/run/postgresql -U postgres -d postgres \
  -c 'CREATE DATABASE paxyo' -c 'CREATE ROLE rewind' -c 'GRANT CONNECT ON DATABASE postgres TO rewind'
exec bash /etc/paxyo/apply-logins.sh
