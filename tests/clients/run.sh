#!/bin/sh
# Runs the published client libraries and the documents' own samples against a running `keyward demo`.
#
# Usage: run.sh DEMO_JSON_FILE      the file holds what `keyward demo --json` printed; `-` reads it from stdin
#
# Libraries are installed once per lock file below ${KEYWARD_TEST_CACHE:-$HOME/.cache/keyward-tests}, outside the clone.
# Needs python3 with venv, node 20 or later with npm, and curl; ruby where present. Exits 1 when any script failed.
set -eu
[ $# -eq 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${KEYWARD_TEST_CACHE:-$HOME/.cache/keyward-tests}
NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
export NO_PROXY no_proxy

# KEYWARD_{CONTROL,MANAGEMENT_KEY} and KEYWARD_<PRESET>_{BASE_URL,ACCOUNT_ID,SECRET,CURL}, quoted for the shell, from the first line of the file.
settings=$(cat -- "$1" | python3 -c '
import json, shlex, sys
demo = json.loads(sys.stdin.readline())
for name in ("control", "management_key"):
    print(f"export KEYWARD_{name.upper()}={shlex.quote(demo[name])}")
for preset, values in demo["presets"].items():
    for name in ("base_url", "account_id", "secret", "curl"):
        if values.get(name):
            print(f"export KEYWARD_{preset}_{name}".upper().replace("EXPORT", "export"), shlex.quote(values[name]), sep="=")
')
eval "$settings"

# installed FOLDER LOCKFILE…: succeeds when the folder was completely installed from exactly these files.
installed() {
    folder=$1
    shift
    [ -f "$folder/.installed" ] && cat "$@" | cmp -s - "$folder/.installed"
}

venv=$cache/python
if ! installed "$venv" "$here/requirements.txt"; then
    rm -rf "$venv"
    mkdir -p "$cache"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/.installed"
fi

KEYWARD_CLIENTS_ROOT=$cache/node
export KEYWARD_CLIENTS_ROOT
if ! installed "$KEYWARD_CLIENTS_ROOT" "$here/package.json" "$here/package-lock.json"; then
    rm -rf "$KEYWARD_CLIENTS_ROOT"
    mkdir -p "$KEYWARD_CLIENTS_ROOT"
    cp "$here/package.json" "$here/package-lock.json" "$KEYWARD_CLIENTS_ROOT/"
    (cd "$KEYWARD_CLIENTS_ROOT" && npm ci --silent --ignore-scripts --no-audit --no-fund)
    cat "$here/package.json" "$here/package-lock.json" > "$KEYWARD_CLIENTS_ROOT/.installed"
fi

failed=''
# attempt NAME COMMAND…: runs one script and remembers its failure.
attempt() {
    name=$1
    shift
    echo "== $name"
    "$@" || failed="$failed $name"
}

# curl_line PRESET: the line that the demo prints works when pasted.
curl_line() {
    eval "line=\${KEYWARD_$1_CURL:-}"
    [ -n "$line" ] || { echo "no curl line for $1"; return 1; }
    got=$(sh -c "$line -sS -m 15 -o /dev/null -w '%{http_code}'") || got="curl failed"
    [ "$got" = 200 ] && echo "ok   $1" || { echo "FAIL $1: $got from $line"; return 1; }
}

for preset in DEMO CLEVERTAP CLICKYID CODAT; do
    attempt "curl-line-$preset" curl_line "$preset"
done
attempt samples.sh sh "$here/samples.sh"
if command -v ruby > /dev/null; then
    attempt clevertap.rb ruby "$here/clevertap.rb" \
        "$KEYWARD_CLEVERTAP_BASE_URL" "$KEYWARD_CLEVERTAP_ACCOUNT_ID" "$KEYWARD_CLEVERTAP_SECRET"
else
    echo "== clevertap.rb SKIPPED: ruby is not installed"
fi
attempt clevertap.mjs node --test --test-reporter=spec "$here/clevertap.mjs"
attempt codat.py env PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" "$here/codat.py"
attempt webhooks.py env PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" "$here/webhooks.py"
attempt codat.mjs node --test --test-reporter=spec "$here/codat.mjs"

if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
echo "all client tests passed"
