#!/bin/sh
# Makes Redis reload its users after a rotation: docker compose exec redis sh /etc/paxyo/load-users.sh
set -eu
REDISCLI_AUTH=$(cat /run/secrets/redis-operator-password)
export REDISCLI_AUTH
cli=$(command -v redis-cli || command -v valkey-cli)
exec "$cli" --no-auth-warning --tls --cacert /run/secrets/ca.crt --user operator -e acl load
