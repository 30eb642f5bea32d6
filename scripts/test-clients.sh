#!/usr/bin/env bash
# Starts a demo, runs the published client libraries against it, stops it.
#
# Usage: test-clients.sh PROGRAM
set -euo pipefail

[[ $# -eq 1 ]] || { sed -n '4p' "$0" >&2; exit 2; }
program=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
demo=''

finish() {
    if [[ -n $demo ]]; then
        kill -TERM "$demo" 2> /dev/null || true
        wait "$demo" 2> /dev/null || true
    fi
    rm -rf "$scratch"
}
trap finish EXIT

# The first line on its standard output is the demo's description; a named pipe lets us wait for it without polling.
mkfifo -m 600 "$scratch/out"
"$program" demo --json > "$scratch/out" 2> "$scratch/log" < /dev/null &
demo=$!
exec 3< "$scratch/out"
if ! IFS= read -r -t 120 -u 3 line; then
    echo "The demo did not start. It said:" >&2
    cat "$scratch/log" >&2
    exit 1
fi
(umask 077 && printf '%s\n' "$line" > "$scratch/demo.json")

if ! sh "$here/tests/clients/run.sh" "$scratch/demo.json"; then
    echo "The demo's log ends with:" >&2
    tail -n 40 "$scratch/log" >&2
    exit 1
fi
