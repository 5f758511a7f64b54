#!/bin/bash
# Starts Patroni, with PostgreSQL, on the node NODE; or one member of etcd: start.sh etcd. Patroni, and patronictl in the same
# container, read the addresses of etcd from PATRONI_ETCD_HOSTS.
set -Eeuo pipefail
if [ "${1:-}" = etcd ]; then
  here="http://$NODE"
  # Patroni 3.0 with version 3 of etcd's API takes back, after a pause, a lease that another node has by then: two primaries, one
  # after the other, and commits lost. With version 2 it compares before it sets.
  exec etcd --enable-v2=true --name "$NODE" --data-dir /var/lib/etcd/data --log-level warn \
    --listen-client-urls http://0.0.0.0:2379 --advertise-client-urls "$here:2379" \
    --listen-peer-urls http://0.0.0.0:2380 --initial-advertise-peer-urls "$here:2380" \
    --initial-cluster "$ETCD_CLUSTER" --initial-cluster-token paxyo --initial-cluster-state new \
    --auto-compaction-retention 1 --heartbeat-interval 200 --election-timeout 2000
fi

# PostgreSQL requires that only its own user can read its key, which is not possible with a mounted file.
(umask 077 && cat /run/secrets/postgres.key >/var/run/postgresql/server.key)
replication=$(cat /run/secrets/postgres-replication-password)
export PATRONI_NAME="$NODE" \
  PATRONI_RESTAPI_LISTEN=0.0.0.0:8008 PATRONI_RESTAPI_CONNECT_ADDRESS="$NODE:8008" \
  PATRONI_POSTGRESQL_LISTEN=0.0.0.0:5432 PATRONI_POSTGRESQL_CONNECT_ADDRESS="$NODE:5432" \
  PATRONI_SUPERUSER_USERNAME=postgres PATRONI_SUPERUSER_PASSWORD="$(cat /run/secrets/postgres-superuser-password)" \
  PATRONI_REPLICATION_USERNAME=replicator PATRONI_REPLICATION_PASSWORD="$replication" \
  PATRONI_REPLICATION_SSLMODE=require \
  PATRONI_REWIND_USERNAME=rewind PATRONI_REWIND_PASSWORD="$replication" PATRONI_REWIND_SSLMODE=require
exec patroni /etc/patroni/patroni.yml
