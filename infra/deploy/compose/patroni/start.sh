#!/bin/bash
# Starts Patroni, with PostgreSQL, on the node NODE; or one member of etcd: start.sh etcd. They listen on the address LISTEN, or on
# all. Patroni, and patronictl in the same container, read the addresses of etcd from PATRONI_ETCD_HOSTS.
set -Eeuo pipefail
listen=${LISTEN:-0.0.0.0}
if [ "${1:-}" = etcd ]; then
  here="http://$NODE"
  data=/var/lib/etcd/data
  cluster=$ETCD_CLUSTER state=new options=()
  # A member without data that `etcdctl member add` has added joins the cluster, with the members that it has at that moment.
  if [ ! -d "$data/member/wal" ]; then
    endpoints=$(sed -E 's/[^,=]+=//g; s/:2380/:2379/g' <<<"$ETCD_CLUSTER")
    members=$(etcdctl --endpoints "$endpoints" --dial-timeout 2s member list 2>/dev/null || true)
    if grep -q ", unstarted, , $here:2380," <<<"$members"; then
      state=existing
      cluster=$(sed -E 's|.*, http://([^,]+):2380, .*|\1=http://\1:2380|' <<<"$members" | paste -sd,)
    fi
  fi
  # The last member, when the others are lost for good, becomes a cluster of one with its data.
  if [ -e /var/lib/etcd/force-new-cluster ]; then
    rm /var/lib/etcd/force-new-cluster
    options=(--force-new-cluster)
  fi
  # Patroni 3.0 with version 3 of etcd's API takes back, after a pause, a lease that another node has by then: two primaries, one
  # after the other, and commits lost. With version 2 it compares before it sets.
  exec etcd --enable-v2=true --name "$NODE" --data-dir "$data" --log-level warn \
    --listen-client-urls "http://$listen:2379${LISTEN:+,http://127.0.0.1:2379}" --advertise-client-urls "$here:2379" \
    --listen-peer-urls "http://$listen:2380" --initial-advertise-peer-urls "$here:2380" \
    --initial-cluster "$cluster" --initial-cluster-token paxyo --initial-cluster-state "$state" \
    --auto-compaction-retention 1 --heartbeat-interval 200 --election-timeout 2000 "${options[@]}"
fi

# PostgreSQL requires that only its own user can read its key, which is not possible with a mounted file.
(umask 077 && cat /run/secrets/postgres.key >/var/run/postgresql/server.key)
replication=$(cat /run/secrets/postgres-replication-password)
export PATRONI_NAME="$NODE" \
  PATRONI_RESTAPI_LISTEN="$listen:8008" PATRONI_RESTAPI_CONNECT_ADDRESS="$NODE:8008" \
  PATRONI_POSTGRESQL_LISTEN="$listen:5432" PATRONI_POSTGRESQL_CONNECT_ADDRESS="$NODE:5432" \
  PATRONI_SUPERUSER_USERNAME=postgres PATRONI_SUPERUSER_PASSWORD="$(cat /run/secrets/postgres-superuser-password)" \
  PATRONI_REPLICATION_USERNAME=replicator PATRONI_REPLICATION_PASSWORD="$replication" \
  PATRONI_REPLICATION_SSLMODE=require \
  PATRONI_REWIND_USERNAME=rewind PATRONI_REWIND_PASSWORD="$replication" PATRONI_REWIND_SSLMODE=require
exec patroni /etc/patroni/patroni.yml
