# Sourced by the measurements: release builds, the simulator, servers with an operator, all on the loopback.
# shellcheck shell=bash source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/../../common.sh"

cd "$root" || exit
bin=$target/release

build() {
    cargo build --quiet --release --package coffer-server --package coffer-bench
}

# until TRIES COMMAND...: waits for the command to succeed, 50 ms between the tries.
until_true() {
    local tries=$1
    shift
    for ((; tries > 0; tries--)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    return 1
}

# Sets simulator to the issuer.
start_simulator() {
    "$bin/coffer-server" simulate --listen 127.0.0.1:0 >"$work/simulator.url" 2>"$work/simulator.log" &
    started+=($!)
    until_true 200 test -s "$work/simulator.url" || die "the simulator did not start: $(cat "$work/simulator.log")"
    simulator=$(cat "$work/simulator.url")
}

# Sets settings to the environment of the server NAME: nothing of ours gets into it.
settings_of() {
    settings=(-i PATH="$PATH" COFFER_DATABASE_URL="${database[$1]}" COFFER_KEY_FILE="$work/key"
        COFFER_HTTP_ALLOW="$simulator" COFFER_SERVER_TIMING="${server_timing:-false}")
    [[ -z ${workers[$1]:-} ]] || settings+=(COFFER_WORKERS="${workers[$1]}")
    [[ -z ${database_system[$1]:-} ]] || settings+=(COFFER_DATABASE_SYSTEM_URL="${database_system[$1]}")
    [[ -z ${database_owner[$1]:-} ]] || settings+=(COFFER_DATABASE_OWNER_URL="${database_owner[$1]}")
}

# coffer NAME ARGUMENT...: the command line with the settings of that server.
coffer() {
    local settings
    settings_of "$1"
    shift
    env "${settings[@]}" "$bin/coffer-server" "$@"
}

# start_server NAME: a migrated server with an operator and the simulator's integration. The database stands in
# database[NAME]. Sets server[NAME], pid[NAME] and integration[NAME].
declare -A database database_system database_owner workers server pid integration
start_server() {
    local name=$1
    {
        [[ -s $work/key ]] || "$bin/coffer-server" keys generate --to "$work/key"
        "$bin/coffer-server" keys generate --to "$work/$name.secret" # as good a client secret as any
        coffer "$name" migrate
        integration[$name]=$(coffer "$name" integrations create --provider simulator --set client_id="bench-$name" \
            --set base_url="$simulator" --secret-file client_secret="$work/$name.secret")
        (umask 077 && coffer "$name" operators create --name bench >"$work/$name.operator")
    } 2>"$work/$name.log" || die "$name: $(cat "$work/$name.log")"
    listen "$name"
    register "$name"
    coffer "$name" integrations enable "${integration[$name]}" 2>>"$work/$name.log" ||
        die "$name: $(tail -n 3 "$work/$name.log")"
}

# On a port that is free.
listen() {
    local name=$1 port settings
    settings_of "$name"
    for _ in 1 2 3 4 5; do
        port=$(shuf -i 20000-31999 -n 1) # below the ports that outgoing connections take
        env "${settings[@]}" "$bin/coffer-server" serve --listen "127.0.0.1:$port" >"$work/$name.out" 2>&1 &
        pid[$name]=$!
        server[$name]=http://127.0.0.1:$port
        until_true 200 answers_or_ended "$name"
        if kill -0 "${pid[$name]}" 2>/dev/null; then
            started+=("${pid[$name]}")
            return 0
        fi
    done
    die "$name does not start: $(tail -n 3 "$work/$name.out")"
}

answers_or_ended() {
    ! kill -0 "${pid[$1]}" 2>/dev/null || curl --silent --fail --output /dev/null "${server[$1]}/ready"
}

# The client at the simulator, with this server's redirect URI.
register() {
    local name=$1
    curl --silent --show-error --fail --output /dev/null -X PUT "$simulator/_sim/clients" \
        -H 'content-type: application/json' --data @- <<<"{\"client_id\": \"bench-$name\",
        \"client_secret\": \"$(cat "$work/$name.secret")\",
        \"redirect_uris\": [\"${server[$name]}/oauth/callback/${integration[$name]}\"]}"
}

# seed NAME ARGUMENT...: tenants and callers by the server's API, into NAME.keys.
seed() {
    local name=$1
    shift
    (umask 077 && "$bin/coffer-bench" seed --server "${server[$name]}" --simulator "$simulator" \
        --integration "${integration[$name]}" --operator-key-file "$work/$name.operator" "$@" >"$work/$name.keys")
}

# rss NAME: resident memory in MB (of 10^6 bytes).
rss() {
    awk '/^VmRSS/ { printf "%.1f", $2 * 1024 / 1e6 }' "/proc/${pid[$1]}/status"
}
