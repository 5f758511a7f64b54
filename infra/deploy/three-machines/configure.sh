#!/bin/bash
# Configures one of three Debian machines for infra/docs/how-to/high-availability.md: etcd, Patroni, Redis with Sentinel, HAProxy
# and the services. Run it again after a change of the secrets, and after an update: it replaces the files that it has written, but for
# those that you have changed since, which it names. It never replaces the .env files, and what Redis and Sentinel write.
#   bash configure.sh one 10.0.0.1 10.0.0.2 10.0.0.3     the name of this machine, and the addresses of one, two and three
# SECRETS is the folder that `npm run secrets` has written, the same on all machines. ALLOWED_ORIGINS are the origins of the panel,
# at the first run. REDIS_MASTER is the address of Redis' master, for a machine that joins the others. With ROOT the files go into a
# folder.
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
[ -e "$root/etc/paxyo/ws-gateway.env" ] || : "${ALLOWED_ORIGINS:?must be the origins of your panel, such as https://panel.example.com}"
redis_password=$(cut -d, -f1 "$secrets/redis-ingest-passwords")
redis_master=${REDIS_MASTER:-${addresses[0]}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The checksum of each file as the last run has written it.
checksums=$root/etc/paxyo/checksums
is_changed() { [ -e "$checksums" ] && [ -e "$root$1" ] && ! grep -qxF "$(sha256sum <"$root$1") $1" "$checksums"; }
# write FILE MODE OWNER < contents
write() {
  local file=$root$1
  cat >"$work/new"
  echo "$(sha256sum <"$work/new") $1" >>"$work/checksums"
  if is_changed "$1" && ! cmp -s "$work/new" "$file"; then
    echo "$1 was changed, and is kept" >&2
    return
  fi
  mkdir -p "$(dirname "$file")"
  install -m "$2" "$work/new" "$file"
  [ -n "$root" ] || chown "$3:" "$file"
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

# The address that they listen on may come up after them, such as one of WireGuard.
for unit in etcd patroni redis-server redis-sentinel haproxy; do
  write "/etc/systemd/system/$unit.service.d/restart.conf" 644 root <<END
[Unit]
StartLimitIntervalSec=0
[Service]
Restart=always
RestartSec=2
END
done
# An update restarts them: on one machine after the other, as the guide describes.
write /etc/apt/apt.conf.d/51paxyo 644 root <<END
Unattended-Upgrade::Package-Blacklist { "etcd-"; "patroni"; "postgresql-"; "redis-"; "haproxy"; };
END

# Debian's unit sets two of etcd's options, which may not be set twice.
write /etc/systemd/system/etcd.service.d/paxyo.conf 644 root <<END
[Service]
UnsetEnvironment=ETCD_NAME ETCD_DATA_DIR
Environment=NODE=etcd-$machine LISTEN=$address ETCD_CLUSTER=$(joined etcd-NAME=http://etcd-NAME:2380)
ExecStart=
ExecStart=/bin/bash $compose/patroni/start.sh etcd
END

for file in postgres-{superuser,replication}-password postgres-{owner,ingest,gateway}-login postgres.crt postgres.key; do
  write "/etc/paxyo/postgres/$file" 400 postgres <"$secrets/$file"
done
# PostgreSQL and the scripts find them where a container has them.
write /etc/tmpfiles.d/paxyo.conf 644 root <<<'L+ /run/secrets - - - - /etc/paxyo/postgres'
[ -n "$root" ] || systemd-tmpfiles --create /etc/tmpfiles.d/paxyo.conf
for file in apply-logins.sh backup.sh logins.sql psql.sh restore.sh; do
  write "/etc/paxyo/$file" 644 root <"$compose/postgres/$file"
done
write /usr/local/lib/paxyo/create-database.sh 755 root <"$compose/patroni/create-database.sh"
write /etc/patroni/patroni.yml 644 root <"$compose/patroni/patroni.yml"
etcd_hosts=$(joined etcd-NAME:2379)
write /etc/systemd/system/patroni.service.d/paxyo.conf 644 root <<END
[Unit]
After=etcd.service
ConditionPathExists=
[Service]
Environment=NODE=postgres-$machine LISTEN=$address PATRONI_ETCD_HOSTS=$etcd_hosts
ExecStart=
ExecStart=/bin/bash $compose/patroni/start.sh
END
write /usr/local/bin/patronictl 755 root <<END
#!/bin/sh
export PATRONICTL_CONFIG_FILE=/etc/patroni/patroni.yml PATRONI_ETCD_HOSTS=$etcd_hosts
exec /usr/bin/patronictl "\$@"
END

# Redis and Sentinel write into their files who the master is. A new password they take while they run.
redis_conf=$root/etc/redis/redis.conf
sentinel_conf=$root/etc/redis/sentinel.conf
if ! grep -q '^# paxyo' "$redis_conf"; then
  cat >>"$redis_conf" <<END
# paxyo
bind $address 127.0.0.1
requirepass $redis_password
masterauth $redis_password
save ""
appendonly no
client-output-buffer-limit pubsub 32mb 8mb 60
END
  [ "$address" = "$redis_master" ] || echo "replicaof $redis_master 6379" >>"$redis_conf"
elif ! grep -qE "^requirepass \"?$redis_password\"?$" "$redis_conf"; then
  REDISCLI_AUTH=$(sed -nE 's/^requirepass "?([^"]*)"?$/\1/p' "$redis_conf") redis-cli -p 6379 >"$work/redis" 2>&1 <<END || true
CONFIG SET masterauth $redis_password
CONFIG SET requirepass $redis_password
CONFIG REWRITE
END
  grep -qE "^requirepass \"?$redis_password\"?$" "$redis_conf" || { cat "$work/redis" >&2; exit 1; }
fi
if ! grep -qs '^# paxyo' "$sentinel_conf"; then
  # Not by `write`: it belongs to Sentinel.
  install -D -m 640 /dev/null "$sentinel_conf"
  [ -n "$root" ] || chown redis: "$sentinel_conf"
  cat >"$sentinel_conf" <<END
# paxyo
port 26379
bind $address 127.0.0.1
protected-mode no
dir /var/lib/redis
sentinel monitor mymaster $redis_master 6379 2
sentinel auth-pass mymaster $redis_password
sentinel down-after-milliseconds mymaster 2000
sentinel failover-timeout mymaster 6000
END
elif ! grep -qE "^sentinel auth-pass mymaster \"?$redis_password\"?$" "$sentinel_conf"; then
  redis-cli -p 26379 >"$work/sentinel" 2>&1 <<<"SENTINEL SET mymaster auth-pass $redis_password" || true
  grep -qE "^sentinel auth-pass mymaster \"?$redis_password\"?$" "$sentinel_conf" || { cat "$work/sentinel" >&2; exit 1; }
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
for service in webhook-ingest ws-gateway maintain exporter; do
  file=$root/etc/paxyo/$service.env
  [ ! -e "$file" ] || continue
  install -m 600 /dev/null "$file"
  {
    echo NODE_EXTRA_CA_CERTS=/etc/paxyo/ca.crt
    case $service in
      webhook-ingest | ws-gateway) printf '%s\n' "HOST=$address" "TRUST_PROXY=$(joined ADDRESS)" REDIS_TOPOLOGY=sentinel ;;
      exporter) printf '%s\n' "HOST=$address" CERTIFICATES=127.0.0.1:443,/etc/paxyo/ca.crt DISKS=/var/lib/postgresql ;;
    esac
    [ "$service" != ws-gateway ] || echo "ALLOWED_ORIGINS=$ALLOWED_ORIGINS"
  } >"$file"
done
# The command line for operators, with the settings of the services.
write /usr/local/bin/paxyo 755 root <<END
#!/bin/sh
secrets=/etc/paxyo/secrets
export NODE_EXTRA_CA_CERTS=/etc/paxyo/ca.crt REDIS_TOPOLOGY=sentinel PAXYO_URL=http://$address:8081
export DATABASE_URL_FILE=\$secrets/database-url-owner REDIS_URL_FILE=\$secrets/redis-url
export REDIS_MESSAGE_KEYS_FILE=\$secrets/redis-message-keys PAXYO_API_KEY_FILE=\$secrets/panel-api-keys
export JWT_SECRETS_FILE=\$secrets/jwt-secrets AUDIT_SIGNING_KEYS_FILE=\$secrets/audit-signing-keys
exec /usr/bin/node --disable-warning=ExperimentalWarning --env-file-if-exists=/etc/paxyo/webhook-ingest.env \\
  --env-file-if-exists=/etc/paxyo/maintain.env $repository/packages/cli/src/main.ts "\$@"
END

# HAProxy of docker compose without Docker's DNS and the demo; then the one for PostgreSQL, with its own defaults.
servers() { for i in 0 1 2; do echo "  server ${names[i]} ${addresses[i]}:$1"; done; }
for file in "$secrets"/tls/*.pem; do write "/etc/haproxy/tls/${file##*/}" 600 root <"$file"; done
{
  sed -e '/^# Docker.s DNS/,/^$/d' -e '/demo/d' -e 's/ resolvers docker.*//' -e 's/\${PUBLIC_HTTPS_PORT}/443/' \
    -e 's/bind :8080/bind :80/' -e 's/bind :8443/bind :443/' -e "s/bind :8404/bind $address:8404/" \
    -e 's/use-server [a-z]*2/use-server two/' \
    -e 's/^global$/global\n  user haproxy\n  group haproxy/' \
    -e "/server-template ingest/{r /dev/fd/3
d}" -e "/server-template gateway/{r /dev/fd/4
d}" "$compose/haproxy/haproxy.cfg" 3< <(servers 8081) 4< <(servers 8082)
  sed -n -e '/^defaults/,/^$/p' -e '/^listen postgres/,/^$/p' -e '/^listen standbys/,/^$/p' "$compose/haproxy-postgres/haproxy.cfg" |
    sed -e 's/ resolvers docker.*//' -e 's/bind :5432/bind 127.0.0.1:5000/' -e 's/bind :5433/bind 127.0.0.1:5001/'
} | write /etc/haproxy/haproxy.cfg 600 root
install -m 600 "$work/checksums" "$checksums"
