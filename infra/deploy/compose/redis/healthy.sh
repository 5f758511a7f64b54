#!/bin/sh
# NOAUTH also shows that Redis is up.
cli=$(command -v redis-cli || command -v valkey-cli)
"$cli" --tls --cacert /run/secrets/ca.crt ping 2>&1 | grep -q NOAUTH
