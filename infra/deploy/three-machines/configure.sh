#!/bin/bash
# Configures one of three Debian machines for infra/docs/how-to/high-availability.md: etcd, Patroni, Redis with Sentinel, HAProxy
# and the services. It can be run again; it keeps files that the programs or you change.
#   bash configure.sh one 10.0.0.1 10.0.0.2 10.0.0.3     the name of this machine, and the addresses of one, two and three
# SECRETS is the folder that `npm run secrets` has written, the same on all machines; with ROOT the files go into a folder.
set -Eeuo pipefail
[ $# -eq 4 ] || { echo 'usage: configure.sh one|two|three ADDRESS ADDRESS ADDRESS' >&2; exit 1; }
names=(one two three)
machine=$1
addresses=("${@:2}")
secrets=${SECRETS:-$HOME/paxyo-secrets}
root=${ROOT:-}
repository=$(cd "$(dirname "$0")/../../.." && pwd)
compose=$repository/infra/deploy/compose
case $machine in
  one) address=$2 ;;
  two) address=$3 ;;
  three) address=$4 ;;
  *) echo "$machine: the machines are one, two and three" >&2; exit 1 ;;
esac
redis_password=$(cut -d, -f1 "$secrets/redis-ingest-passwords")

# write FILE MODE OWNER < contents
write() {
  local file=$root$1
  mkdir -p "$(dirname "$file")"
  install -m "$2" /dev/null "$file"
  [ -n "$root" ] || chown "$3:" "$file"
  cat >"$file"
}
# joined PATTERN: for each machine, with NAME and ADDRESS replaced, separated by commas
joined() {
  local list=()
  for i in 0 1 2; do
    local item=${1//NAME/${names[i]}}
    list+=("${item//ADDRESS/${addresses[i]}}")
  done
  (IFS=, && echo "${list[*]}")
}

if ! grep -q postgres-one "$root/etc/hosts"; then
  for i in 0 1 2; do echo "${addresses[i]} etcd-${names[i]} postgres-${names[i]}"; done >>"$root/etc/hosts"
fi

# Debian's unit sets two of etcd's options, which may not be set twice.
write /etc/systemd/system/etcd.service.d/paxyo.conf 644 root <<END
[Service]
UnsetEnvironment=ETCD_NAME ETCD_DATA_DIR
Environment=NODE=etcd-$machine ETCD_CLUSTER=$(joined etcd-NAME=http://etcd-NAME:2380)
ExecStart=
ExecStart=/bin/bash $compose/patroni/start.sh etcd
Restart=always
END

for file in postgres-{superuser,replication}-password postgres-{owner,ingest,gateway}-login postgres.crt postgres.key; do
  write "/etc/paxyo/postgres/$file" 400 postgres <"$secrets/$file"
done
for file in apply-logins.sh logins.sql; do write "/etc/paxyo/$file" 644 root <"$compose/postgres/$file"; done
write /usr/local/lib/paxyo/create-database.sh 755 root <"$compose/patroni/create-database.sh"
write /etc/patroni/patroni.yml 644 root <"$compose/patroni/patroni.yml"
etcd_hosts=$(joined etcd-NAME:2379)
write /etc/systemd/system/patroni.service.d/paxyo.conf 644 root <<END
[Unit]
After=etcd.service
ConditionPathExists=
[Service]
Environment=NODE=postgres-$machine PATRONI_ETCD_HOSTS=$etcd_hosts
BindReadOnlyPaths=/etc/paxyo/postgres:/run/secrets
ExecStart=
ExecStart=/bin/bash $compose/patroni/start.sh
Restart=always
END
# For patronictl in a shell.
write /etc/profile.d/patronictl.sh 644 root <<END
export PATRONICTL_CONFIG_FILE=/etc/patroni/patroni.yml PATRONI_ETCD_HOSTS=$etcd_hosts
END

# Redis and Sentinel write into their files who the master is.
if ! grep -q '^# paxyo' "$root/etc/redis/redis.conf"; then
  cat >>"$root/etc/redis/redis.conf" <<END
# paxyo
bind $address 127.0.0.1
requirepass $redis_password
masterauth $redis_password
save ""
appendonly no
client-output-buffer-limit pubsub 32mb 8mb 60
END
  [ "$machine" = one ] || echo "replicaof ${addresses[0]} 6379" >>"$root/etc/redis/redis.conf"
fi
if ! grep -qs '^# paxyo' "$root/etc/redis/sentinel.conf"; then
  write /etc/redis/sentinel.conf 640 redis <<END
# paxyo
port 26379
bind $address 127.0.0.1
protected-mode no
dir /var/lib/redis
sentinel monitor mymaster ${addresses[0]} 6379 2
sentinel auth-pass mymaster $redis_password
sentinel down-after-milliseconds mymaster 2000
sentinel failover-timeout mymaster 6000
END
fi

# The services reach the primary through HAProxy on the same machine.
for service in owner ingest gateway; do
  sed 's/@postgres:5432/@127.0.0.1:5000/' "$secrets/database-url-$service" | write "/etc/paxyo/secrets/database-url-$service" 600 root
done
for file in redis-message-keys webhook-tokens panel-api-keys jwt-secrets audit-signing-keys; do
  write "/etc/paxyo/secrets/$file" 600 root <"$secrets/$file"
done
joined redis://ADDRESS:26379 | sed "s|//|//:$redis_password@|" | write /etc/paxyo/secrets/redis-url 600 root
write /etc/paxyo/ca.crt 644 root <"$secrets/ca.crt"
for service in webhook-ingest ws-gateway maintain; do
  [ ! -e "$root/etc/paxyo/$service.env" ] || continue
  {
    echo NODE_EXTRA_CA_CERTS=/etc/paxyo/ca.crt
    [ "$service" = maintain ] || printf '%s\n' "HOST=$address" "TRUST_PROXY=$(joined ADDRESS)" REDIS_TOPOLOGY=sentinel
    [ "$service" != ws-gateway ] || echo "ALLOWED_ORIGINS=${ALLOWED_ORIGINS:-https://panel.example.com}"
  } | write "/etc/paxyo/$service.env" 644 root
done

# HAProxy of docker compose without Docker's DNS and the demo; then the one for PostgreSQL, with its own defaults.
servers() { for i in 0 1 2; do echo "  server ${names[i]} ${addresses[i]}:$1"; done; }
for file in "$secrets"/tls/*.pem; do write "/etc/haproxy/tls/${file##*/}" 600 root <"$file"; done
{
  sed -e '/^# Docker.s DNS/,/^$/d' -e '/demo/d' -e 's/ resolvers docker.*//' -e 's/\${PUBLIC_HTTPS_PORT}/443/' \
    -e 's/bind :8080/bind :80/' -e 's/bind :8443/bind :443/' -e "s/bind :8404/bind $address:8404/" \
    -e 's/^global$/global\n  user haproxy\n  group haproxy/' \
    -e "/server-template ingest/{r /dev/fd/3
d}" -e "/server-template gateway/{r /dev/fd/4
d}" "$compose/haproxy/haproxy.cfg" 3< <(servers 8081) 4< <(servers 8082)
  sed -n -e '/^defaults/,/^$/p' -e '/^listen postgres/,/^$/p' "$compose/haproxy-postgres/haproxy.cfg" |
    sed -e 's/ resolvers docker.*//' -e 's/bind :5432/bind 127.0.0.1:5000/'
} | write /etc/haproxy/haproxy.cfg 600 root
