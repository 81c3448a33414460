# As the official image: a new cluster with user, password, database and the scripts of the folder for them; then the
# server, all as its own user.
set -eu
case "${1:-postgres}" in postgres) ;; *) exec "$@" ;; esac
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
data=/var/lib/postgresql/data
if [ "$(id -u)" = 0 ]; then
  chown 999:999 "$data" && chmod 700 "$data"
  exec setpriv --reuid=999 --regid=999 --clear-groups sh "$0"
fi
if [ ! -s "$data/complete" ]; then
  rm -rf "${data:?}"/*
  PGPASSWORD=${POSTGRES_PASSWORD:-$(cat "$POSTGRES_PASSWORD_FILE")}
  export PGPASSWORD PGUSER="$POSTGRES_USER"
  printf '%s' "$PGPASSWORD" > /tmp/password
  initdb -D "$data" -E UTF8 --locale=C.UTF-8 -U "$POSTGRES_USER" -A scram-sha-256 --pwfile=/tmp/password
  rm /tmp/password
  echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
  pg_ctl -D "$data" -o "-c listen_addresses=''" -w start
  createdb "$POSTGRES_DB"
  for script in /docker-entrypoint-initdb.d/*.sql; do
    [ ! -f "$script" ] || psql -v ON_ERROR_STOP=1 -d "$POSTGRES_DB" -f "$script"
  done
  pg_ctl -D "$data" -m fast -w stop
  echo yes > "$data/complete"
  unset PGPASSWORD
fi
exec postgres -D "$data" -c listen_addresses='*'
