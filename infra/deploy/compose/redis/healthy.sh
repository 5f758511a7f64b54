#!/bin/sh
# To be told that one has to log in is a sign of life.
cli=$(command -v redis-cli || command -v valkey-cli)
"$cli" --tls --cacert /run/secrets/ca.crt ping 2>&1 | grep -q NOAUTH
