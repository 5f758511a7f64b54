#!/bin/bash
# Creates the logins that the secrets name. It runs when the database is created, and after a rotation:
#   docker compose exec postgres bash /etc/paxyo/apply-logins.sh            adds the new logins; the old ones still work
#   docker compose exec postgres bash /etc/paxyo/apply-logins.sh --retire   disables the old ones
set -Eeuo pipefail
login() { cut -d: -f1 "/run/secrets/postgres-$1-login"; }
password() { cut -d: -f2 "/run/secrets/postgres-$1-login"; }
retire=off
[ "${1:-}" = --retire ] && retire=on
# In the environment, which unlike arguments is visible only to this user.
# After those of Patroni: when it creates the cluster, no standby is there for which a commit could wait.
options="${PGOPTIONS:-} -c paxyo.retire=$retire"
for name in owner ingest gateway; do
  options+=" -c paxyo.${name}_login=$(login "$name") -c paxyo.${name}_password=$(password "$name")"
done
export PGOPTIONS=$options
exec bash /etc/paxyo/psql.sh --quiet -v ON_ERROR_STOP=1 -f /etc/paxyo/logins.sql
