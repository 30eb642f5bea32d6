"""The servers Keyward is compared with: their configuration, each as quick as we know how to make it.

Every choice here favours the peer: no access log, reuseport, endless keep-alive, upstream connections kept, and for
the key checks nothing beyond finding the key and counting the request.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from compare.servers import Fleet, Server, accepts

ENDLESS = 1_000_000_000
SMALL_JSON = '{"allow":true,"code":"ok","status":200}'
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


def program(name: str) -> str | None:
    """Where a program is; servers live in sbin, which users often lack in PATH."""
    return shutil.which(name, path=PATH)


@dataclass(frozen=True)
class KeySet:
    """A file of keys, one per line, all of the same width."""

    path: Path
    count: int

    def keys(self) -> list[str]:
        return self.path.read_text().split()


@dataclass(frozen=True)
class Place:
    """Where a peer is started: the fleet, its threads, and the directory for its files."""

    fleet: Fleet
    threads: int

    def file(self, name: str, content: str) -> Path:
        path = self.fleet.work_dir / name
        path.write_text(content)
        return path


def start_hyper(place: Place, name: str, port: int, binary: Path, mode: str) -> Server:
    """Our own bare responder, see bench/src/bin/bare_hyper.rs."""
    command = [str(binary), "--addr", f"127.0.0.1:{port}", "--threads", str(place.threads), "--mode", mode]
    return place.fleet.start(name, command, lambda: accepts(port))


# --- nginx ---------------------------------------------------------------------------------------------------------

NGINX = """daemon off;
worker_processes {threads};
pid {dir}/{name}.pid;
error_log {dir}/{name}.error.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_timeout 1h;
    keepalive_requests {endless};
    client_body_temp_path {dir}/{name}.tmp;
    proxy_temp_path {dir}/{name}.tmp;
    fastcgi_temp_path {dir}/{name}.tmp;
    uwsgi_temp_path {dir}/{name}.tmp;
    scgi_temp_path {dir}/{name}.tmp;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
{http}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=1024;
{server}
    }}
}}
"""

# `return` would answer before limit_req runs; the empty image is the cheapest answer that comes after it.
NGINX_ANSWER_200 = f"        location / {{ return 200 '{SMALL_JSON}'; }}"
NGINX_ANSWER_LATE = "            empty_gif;"
NGINX_PROXY = "            proxy_pass http://api;"
NGINX_CHECK = """        location / {{
            if ($key_id = "") {{ return 401; }}
            limit_req zone=keys burst=1000000 nodelay;
            limit_req_status 429;
{answer}
        }}"""
# The credential is checked by a subrequest; `= /auth` is what the deployment guide of any forward-auth service shows.
NGINX_AUTH_REQUEST = """        location / {
            auth_request /auth;
            proxy_pass http://api;
        }
        location = /auth {
            internal;
            proxy_pass http://auth/forward-auth/nginx;
            proxy_pass_request_body off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URI $request_uri;
        }"""


def nginx_upstream(name: str, port: int) -> str:
    return f"""    upstream {name} {{
        server 127.0.0.1:{port};
        keepalive 128;
        keepalive_requests {ENDLESS};
        keepalive_timeout 1h;
    }}"""


def nginx_key_map(place: Place, name: str, keys: KeySet) -> str:
    """A map from the whole Authorization header to a key's name, and a limit that is counted but never reached."""
    lines = [f'"Bearer {key}" k{number:07};' for number, key in enumerate(keys.keys())]
    entries = place.file(f"{name}.map", "\n".join(lines) + "\n")
    return f"""    map_hash_max_size {4 * keys.count};
    map_hash_bucket_size 128;
    map $http_authorization $key_id {{
        default "";
        include {entries};
    }}
    limit_req_zone $key_id zone=keys:32m rate=100000r/s;"""


def start_nginx(place: Place, name: str, port: int, http: str, server: str) -> Server:
    config = place.file(
        f"{name}.conf",
        NGINX.format(
            threads=place.threads,
            dir=place.fleet.work_dir,
            name=name,
            endless=ENDLESS,
            port=port,
            http=http,
            server=server,
        ),
    )
    early_log = place.fleet.work_dir / f"{name}.error.log"
    command = [program("nginx") or "nginx", "-e", str(early_log), "-c", str(config)]
    return place.fleet.start(name, command, lambda: accepts(port))


# --- HAProxy -------------------------------------------------------------------------------------------------------

HAPROXY = """global
    nbthread {threads}
    maxconn 4096
    no log
defaults
    mode http
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    timeout http-keep-alive 1h
    option http-keep-alive
    http-reuse always
frontend front
    bind 127.0.0.1:{port}
{rules}
{backend}
"""

HAPROXY_ANSWER = f"    http-request return status 200 content-type application/json string '{SMALL_JSON}'"


def haproxy_backend(upstream_port: int) -> tuple[str, str]:
    """The rule that picks the backend, and the backend."""
    backend = f"backend api\n    server upstream 127.0.0.1:{upstream_port} pool-max-conn 128"
    return "    default_backend api", backend


def haproxy_key_map(place: Place, name: str, keys: KeySet) -> str:
    """A map from key to number, and a stick table that counts requests per key; integers are its cheapest type."""
    lines = [f"{key} {number + 1}" for number, key in enumerate(keys.keys())]
    entries = place.file(f"{name}.map", "\n".join(lines) + "\n")
    return f"""    stick-table type integer size {keys.count + keys.count // 10} expire 1h store http_req_rate(1h)
    http-request set-var(txn.key) http_auth_bearer,map_str_int({entries})
    http-request deny deny_status 401 unless {{ var(txn.key) -m found }}
    http-request track-sc0 var(txn.key)
    http-request deny deny_status 429 if {{ sc0_http_req_rate gt {ENDLESS} }}"""


def start_haproxy(place: Place, name: str, port: int, rules: list[str], backend: str = "") -> Server:
    config = place.file(
        f"{name}.cfg",
        HAPROXY.format(threads=place.threads, port=port, rules="\n".join(rules), backend=backend),
    )
    command = [program("haproxy") or "haproxy", "-db", "-f", str(config)]
    return place.fleet.start(name, command, lambda: accepts(port), wait_s=120.0)
