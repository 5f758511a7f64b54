#!/bin/bash
# Writes a dump of docker compose's database into BACKUP_DIR, for cron. A dump has its name only when it is complete: the age
# of the newest one is the age of the last backup.
#   bash infra/deploy/compose/backup.sh
set -Eeuo pipefail
cd "$(dirname "$0")/../../.."
if [[ -z ${BACKUP_DIR:-} && -f .env ]]; then
  BACKUP_DIR=$(sed -n 's/^BACKUP_DIR=//p' .env | tail -n 1)
fi
folder=${BACKUP_DIR:-infra/deploy/compose/backups}
keep=${BACKUPS_MAX:-14}
umask 077
mkdir -p "$folder"
# The exporter reads the names and dates, not the contents.
chmod 755 "$folder"
dump=$folder/paxyo-$(date -u +%Y-%m-%dT%H%M%SZ).dump
trap 'rm -f "$dump.part"' EXIT
# With ha.yml, `postgres` is HAProxy, and the node that is the primary has the data.
postgres=postgres
for node in $(docker compose ps --services | grep '^postgres-' || true); do
  if docker compose exec -T "$node" curl --fail --silent --output /dev/null http://127.0.0.1:8008/primary; then postgres=$node; fi
done
docker compose exec -T "$postgres" bash /etc/paxyo/backup.sh >"$dump.part"
# Reads all of it: a dump that was cut off on the way fails here.
docker compose exec -T "$postgres" pg_restore --file=/dev/null <"$dump.part"
mv "$dump.part" "$dump"
find "$folder" -maxdepth 1 -name 'paxyo-*.dump' | sort -r | tail -n "+$((keep + 1))" | while read -r old; do rm -- "$old"; done
echo "$dump"
