# A PostgreSQL for the tests. It runs as long as a test process shares the lock `users.lock`, and
# leaves neither process nor file behind, however the tests end.
#
# sh -c "$(cat postgres.sh)" postgres.sh STATE BIN LINGER
#   STATE   directory of the locks
#   BIN     directory of PostgreSQL's programs
#   LINGER  seconds without a user after which it ends
#
# Says "ready DIRECTORY" when it can be used, else why it cannot. DIRECTORY holds the socket.
set -eu
state=$1 bin=$2 linger=$3

# Ctrl-C and kill are meant for the tests; when they are gone, this ends by itself.
trap '' HUP INT TERM PIPE
exec 2>&1

owner=$(id -u)
as_owner=
if [ "$owner" = 0 ]; then
    # PostgreSQL refuses to run as root.
    owner=postgres
    id "$owner" >/dev/null 2>&1 || owner=nobody
    as_owner="setpriv --reuid $owner --regid $(id -g "$owner") --clear-groups"
fi

# Another keeper may have been killed and have left its server behind.
discard_leftover() {
    dir=$(cat "$state/directory")
    pid=$(head -n 1 "$dir/data/postmaster.pid") && grep -q "$dir" "/proc/$pid/cmdline" &&
        kill -QUIT "$pid" || true
    rm -rf "$dir" "$state/ready" "$state/directory"
}

discard() {
    if [ -n "$server" ] && kill -QUIT "$server" 2>/dev/null; then
        wait "$server" || true
    fi
    cd /
    rm -rf "$dir" "$state/ready" "$state/directory"
}

fail() {
    cat "$dir/log"
    exit 1
}

make_cluster() {
    $as_owner "$bin/initdb" --pgdata="$dir/data" --username=orlo --auth=trust --no-sync \
        --encoding=UTF8 --locale=C.UTF-8 "$@" >>"$dir/log" 2>&1
}

# Held to the end: who gets this lock knows that nobody looks after a server any more.
exec 8>"$state/keeper.lock"
flock 8
[ ! -e "$state/directory" ] || discard_leftover

dir=$(mktemp -d /tmp/orlo-postgres.XXXXXX)
echo "$dir" >"$state/directory"
server=
trap discard EXIT
: >"$dir/log"
chown "$owner" "$dir"
cd "$dir"

# In here words sort as in a dictionary, so that text which should compare byte for byte and does
# not gets noticed.
make_cluster --locale-provider=icu --icu-locale=en-US || make_cluster || fail
cat >>"$dir/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$dir'
max_connections = 500
autovacuum = off
fsync = off
full_page_writes = off
synchronous_commit = off
END

# A child of this shell, which can then wait for its end.
$as_owner "$bin/postgres" -D "$dir/data" >>"$dir/log" 2>&1 8>&- &
server=$!
until grep -qs ready "$dir/data/postmaster.pid"; do
    kill -0 "$server" 2>/dev/null || fail
    sleep 0.05
done
# Fails when the process that asked for a server is gone.
echo "ready $dir"
exec >/dev/null 2>&1

exec 9<"$state/users.lock"
unused() {
    flock 9 8>&-
    [ "$linger" -gt 0 ] || return 0
    flock --unlock 9
    sleep "$linger" 8>&- 9<&-
    flock --nonblock 9
}
until unused; do :; done
