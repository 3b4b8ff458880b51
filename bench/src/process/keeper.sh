# Looks after something until standard input ends, however the benchmark ends.
#
# sh keeper.sh directory           makes a temporary directory, says its name, removes it at last
# sh keeper.sh program COMMAND...  runs a program, says its process id, interrupts it at last
set -eu
trap '' HUP INT TERM PIPE
kind=$1
shift
case $kind in
directory)
    made=$(mktemp -d /tmp/orlo-bench.XXXXXX)
    chmod 755 "$made"
    echo "$made"
    cat >/dev/null
    # What writes there may take a moment to end.
    until rm -rf "$made" 2>/dev/null; do sleep 1; done
    ;;
program)
    "$@" </dev/null &
    echo $!
    exec >/dev/null
    cat
    kill -INT $! 2>/dev/null || true
    wait $! || true
    ;;
esac
