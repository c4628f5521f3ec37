# A PostgreSQL of a script's own, on a loopback port, in $place. To be sourced.

POSTGRES_TRIES=5
postgres_pid=

postgres_bin() {
  local found
  for found in /usr/lib/postgresql/*/bin "$(dirname "$(command -v pg_ctl || echo /nowhere/pg_ctl)")"; do
    [ -x "$found/initdb" ] && [ -x "$found/pg_ctl" ] && { echo "$found"; return 0; }
  done
  return 1
}

# Runs a program of PostgreSQL, which refuses to be root.
as_postgres() {
  if [ "$(id -u)" != 0 ]; then "$@"; else (cd "$place" && runuser -u "$postgres_user" -- "$@"); fi
}

start_postgres() {
  local bin
  bin=$(postgres_bin) || return 1
  local data=$place/postgres/data port try
  mkdir -p "$place/postgres"
  if [ "$(id -u)" = 0 ]; then
    postgres_user=$(getent passwd postgres nobody | head -n 1 | cut -d : -f 1)
    chmod 755 "$place" && chown "$postgres_user" "$place/postgres"
  fi
  as_postgres "$bin/initdb" -D "$data" -U fenliu -A trust -E UTF8 --locale C > "$place/initdb" 2>&1 || { tail -n 5 "$place/initdb"; return 1; }
  for try in $(seq "$POSTGRES_TRIES"); do
    port=$((20000 + RANDOM % 20000))
    if as_postgres "$bin/pg_ctl" -D "$data" -l "$place/postgres/log" -w -t 60 start \
      -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$place/postgres -c max_connections=500" \
      > "$place/pg_ctl" 2>&1; then
      postgres_pid=$(head -n 1 "$data/postmaster.pid")
      postgres_url=postgres://fenliu@127.0.0.1:$port/postgres
      return 0
    fi
  done
  tail -n 5 "$place/pg_ctl" "$place/postgres/log"
  return 1
}

# Ends the one that was started, if one was.
stop_postgres() {
  [ -n "$postgres_pid" ] || return 0
  kill -INT "$postgres_pid" 2> /dev/null
  # Waits for this one process to end, half a minute at most.
  timeout 30 tail --pid="$postgres_pid" -f /dev/null || kill -QUIT "$postgres_pid" 2> /dev/null
}
