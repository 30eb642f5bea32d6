#!/usr/bin/env bash
# Installs what the tests need and this machine lacks; does nothing, and asks for nothing, where all of it is there.
# Client libraries are not installed here: tests/clients/run.sh keeps them in a cache of its own.
set -euo pipefail

has() { command -v "$1" > /dev/null 2>&1; }

has_postgres() {
    has postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' > /dev/null
}

has_mail_server() {
    local python
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import aiosmtpd' 2> /dev/null && return 0
    done
    return 1
}

has_browser() {
    [[ -n ${CHROMIUM-} ]] || has chromium || has chromium-browser || has google-chrome
}

has_venv() {
    has python3 && python3 -c 'import ensurepip, venv' 2> /dev/null
}

packages=()
has cc || packages+=(build-essential)
has curl || packages+=(curl)
has ruby || packages+=(ruby)
has_venv || packages+=(python3-venv)
has openssl || packages+=(openssl)
has_mail_server || packages+=(python3-aiosmtpd)
has_postgres || packages+=(postgresql)
has_browser || packages+=(chromium)

if ((${#packages[@]} > 0)); then
    if ! has apt-get; then
        echo "The tests need these Debian packages or their like, and there is no apt-get here: ${packages[*]}" >&2
        exit 1
    fi
    as_root=()
    [[ $EUID -eq 0 ]] || as_root=(sudo)
    echo "Installing what the tests need: ${packages[*]}"
    "${as_root[@]}" apt-get update -qq < /dev/null
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "${packages[@]}" < /dev/null > /dev/null
fi

cargo fmt --version > /dev/null 2>&1 || rustup component add rustfmt
cargo clippy --version > /dev/null 2>&1 || rustup component add clippy

for tool in node npm; do
    has "$tool" || { echo "The tests need $tool (Node 20 or later): https://nodejs.org" >&2; exit 1; }
done

# The provider of identities that single sign-on is tested with, in a cache outside the clone.
"$(dirname "${BASH_SOURCE[0]}")/../tests/sso/install.sh" > /dev/null
