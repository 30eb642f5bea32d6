#!/bin/sh
# Installs the provider of the tests of single sign-on once per lock file, outside the clone; prints where.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=${KEYWARD_TEST_CACHE:-$HOME/.cache/keyward-tests}/sso
if ! { [ -f "$root/.installed" ] && cat "$here/package.json" "$here/package-lock.json" | cmp -s - "$root/.installed"; }; then
    rm -rf "$root"
    mkdir -p "$root"
    cp "$here/package.json" "$here/package-lock.json" "$root/"
    (cd "$root" && npm ci --silent --ignore-scripts --no-audit --no-fund >&2)
    cat "$here/package.json" "$here/package-lock.json" > "$root/.installed"
fi
echo "$root"
