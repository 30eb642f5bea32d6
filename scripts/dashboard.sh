#!/usr/bin/env bash
# Builds, checks or tries out the dashboard. What npm installs lies in a cache outside the clone, once per lock file.
#
# Usage: dashboard.sh build | check | journeys PROGRAM | figures PROGRAM
set -euo pipefail

usage() { sed -n '4p' "$0" >&2; exit 2; }
has() { command -v "$1" > /dev/null 2>&1; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root/dashboard"
# Outputs of a build by these inputs are not built again: cargo would compile the server anew for nothing.
stamp=dist/inputs

inputs() {
    find . ../openapi.json \
        \( -path ./node_modules -o -path ./dist -o -path ./journeys -o -path ./src/api/schema.d.ts \) -prune \
        -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

install() {
    # A directory of that name is somebody's own.
    [[ -d node_modules && ! -L node_modules ]] && return
    local lock cache
    lock=$(sha256sum package-lock.json | cut -c 1-16)
    cache=${KEYWARD_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/keyward-tests}/dashboard-$lock
    if [[ ! -f $cache/.installed ]]; then
        echo "Installing what the dashboard is built with"
        rm -rf "$cache"
        mkdir -p "$cache"
        cp package.json package-lock.json "$cache/"
        (cd "$cache" && npm ci --silent --ignore-scripts --no-audit --no-fund > /dev/null)
        touch "$cache/.installed"
    fi
    ln -sfn "$cache/node_modules" node_modules
}

build() {
    if ! has npm; then
        echo "There is no npm: the program is built without its dashboard." >&2
        return
    fi
    local now
    now=$(inputs)
    [[ -f dist/app/index.html && -f $stamp && $(< "$stamp") == "$now" ]] && return
    install
    npm run --silent generate > /dev/null
    npm run --silent build > /dev/null
    printf '%s\n' "$now" > "$stamp"
}

case ${1-} in
    build)
        [[ $# -eq 1 ]] || usage
        build
        ;;
    check)
        [[ $# -eq 1 ]] || usage
        install
        npm run --silent generate > /dev/null
        npm run --silent check
        npm run --silent test
        ;;
    journeys | figures)
        [[ $# -eq 2 ]] || usage
        install
        KEYWARD_PROGRAM=$2 npm run --silent "$1"
        ;;
    *)
        usage
        ;;
esac
