#!/bin/sh
# Writes Alertmanager's configuration from the environment, because Alertmanager reads no variables, and starts it.
# infra/deploy/observability/README.md describes the variables. A receiver without a variable receives nothing.
#   sh start.sh --storage.path=/alertmanager
set -eu
umask 077
config=${ALERTMANAGER_CONFIG:-/tmp/alertmanager.yml}

fail() {
  echo "alertmanager: $1" >&2
  exit 1
}

# A string for YAML.
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"; }

webhook() { # URL, whether it also receives resolved alerts, variable
  case $1 in
    '') ;;
    http://?* | https://?*) printf '    webhook_configs:\n      - { url: %s, send_resolved: %s }\n' "$(quoted "$1")" "$2" ;;
    *) fail "$3 must begin with https:// or http://" ;;
  esac
}

email() { # address
  [ -z "$1" ] || printf '    email_configs:\n      - { to: %s, send_resolved: true }\n' "$(quoted "$1")"
}

page_url=${ALERT_WEBHOOK_URL:-}
page_email=${ALERT_EMAIL_TO:-}
ticket_url=${ALERT_TICKET_WEBHOOK_URL:-$page_url}
ticket_email=${ALERT_TICKET_EMAIL_TO:-$page_email}
watchdog_url=${ALERT_WATCHDOG_URL:-}

if [ -n "$page_email$ticket_email" ]; then
  [ -n "${ALERT_SMTP_HOST:-}" ] || fail 'ALERT_SMTP_HOST is required with ALERT_EMAIL_TO, such as smtp.example.com:587'
  [ -n "${ALERT_EMAIL_FROM:-}" ] || fail 'ALERT_EMAIL_FROM is required with ALERT_EMAIL_TO'
fi
[ -n "$page_url$page_email" ] || echo 'alertmanager: no ALERT_WEBHOOK_URL or ALERT_EMAIL_TO: alerts are sent nowhere' >&2
[ -n "$watchdog_url" ] || echo 'alertmanager: no ALERT_WATCHDOG_URL: nothing notices when monitoring stops' >&2

{
  if [ -n "${ALERT_SMTP_HOST:-}" ]; then
    echo 'global:'
    printf '  smtp_smarthost: %s\n' "$(quoted "$ALERT_SMTP_HOST")"
    printf '  smtp_from: %s\n' "$(quoted "${ALERT_EMAIL_FROM:-}")"
    if [ -n "${ALERT_SMTP_USER:-}" ]; then
      printf '  smtp_auth_username: %s\n' "$(quoted "$ALERT_SMTP_USER")"
      printf '  smtp_auth_password: %s\n' "$(quoted "${ALERT_SMTP_PASSWORD:-}")"
    fi
  fi
  cat <<'ROUTES'
route:
  receiver: ticket
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 1d
  routes:
    - matchers: ['alertname="PaxyoWatchdog"']
      receiver: watchdog
      group_wait: 0s
      group_interval: 1m
      repeat_interval: 50s
    # To both receivers: one of them may be the one that fails.
    - matchers: ['alertname="PaxyoAlertsNotDelivered"']
      receiver: ticket
      continue: true
      group_wait: 10s
      group_interval: 1m
      repeat_interval: 1h
    - matchers: ['severity="page"']
      receiver: page
      group_wait: 10s
      group_interval: 1m
      repeat_interval: 1h
receivers:
  - name: page
ROUTES
  webhook "$page_url" true ALERT_WEBHOOK_URL
  email "$page_email"
  echo '  - name: ticket'
  webhook "$ticket_url" true ALERT_TICKET_WEBHOOK_URL
  email "$ticket_email"
  echo '  - name: watchdog'
  webhook "$watchdog_url" false ALERT_WATCHDOG_URL
} >"$config"

exec "${ALERTMANAGER:-alertmanager}" --config.file="$config" --cluster.listen-address= "$@"
