#!/bin/bash
# Patroni runs this on the first primary when the cluster is created: the database, and the logins of the services.
set -Eeuo pipefail
# Patroni gives pg_rewind's login its password and its other rights afterwards.
bash /etc/paxyo/psql.sh --quiet -v ON_ERROR_STOP=1 -d postgres \
  -c 'CREATE DATABASE paxyo' -c 'CREATE ROLE rewind' -c 'GRANT CONNECT ON DATABASE postgres TO rewind'
exec bash /etc/paxyo/apply-logins.sh
