"""What is measured: each row of the tables, the servers behind it and the request it gets."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compare import keyward, peers
from compare.peers import KeySet, Place
from compare.servers import BenchError, Server, free_ports

MAP_KEYS = 10_000
KEY_ALPHABET = string.ascii_letters + string.digits

ANSWERS = "no upstream"
PROXIED = "proxied to a trivial upstream"
BEHIND_NGINX = "deciding behind nginx auth_request"

ALLOWED = '"allow":true'
UPSTREAM_SAYS = "obj_01jd3v8m2k7q9x4t5w6y"


@dataclass(frozen=True)
class Target:
    """One row: a server and the request it is asked."""

    slug: str
    title: str
    group: str
    port: int
    # CPU time of all of these counts; the upstream's does not.
    servers: list[Server]
    request: bytes
    keys: KeySet
    # What the body of a good answer contains.
    expect: str
    # False for bare responders, which look at nothing.
    refuses_unknown: bool = True


def raw_request(line: str, headers: list[str], body: str = "", key_width: int = 0) -> bytes:
    """A raw request with {key} in it; Content-Length is that of the body once the key is in place."""
    lines = [f"{line} HTTP/1.1", "Host: bench.test", *headers]
    if body:
        length = len(body) - len("{key}") + key_width
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def get_request() -> bytes:
    return raw_request("GET /x", ["Authorization: Bearer {key}"])


def verify_request(keys: KeySet) -> bytes:
    with keys.path.open() as lines:
        width = len(lines.readline().rstrip("\n"))
    body = '{"api":"bench","authorization":"Bearer {key}","method":"GET","path":"/x"}'
    return raw_request("POST /v1/verify", [], body, width)


def make_keys(path: Path, count: int) -> KeySet:
    """Keys for the peers, in the shape of Keyward's."""
    with path.open("w") as out:
        for _ in range(count):
            pool = secrets.token_bytes(32)
            out.write("kw_live_" + "".join(KEY_ALPHABET[byte % len(KEY_ALPHABET)] for byte in pool) + "\n")
    return KeySet(path, count)


@dataclass(frozen=True)
class Build:
    """A build of Keyward that is measured; {} in its title is what it does."""

    slug: str
    title: str
    bin_dir: Path


@dataclass
class Lineup:
    """Starts servers and collects the rows they make."""

    place: Place
    bin_dir: Path
    wanted: Callable[[str], bool]
    small: KeySet
    large: KeySet
    upstream_port: int
    targets: list[Target]

    def add(self, slug: str, title: str, group: str, start: Callable[[int], Server], **details: object) -> None:
        """One row by one server of its own, if it is wanted."""
        if not self.wanted(slug):
            return
        (port,) = free_ports(1)
        server = start(port)
        fields = {"request": get_request(), "keys": self.small} | details
        self.targets.append(Target(slug, title, group, port, [server], **fields))

    def hyper(self, slug: str, mode: str) -> Callable[[int], Server]:
        return lambda port: peers.start_hyper(self.place, slug, port, self.bin_dir / "bare-hyper", mode)

    def nginx(self, slug: str, http: str, server: str) -> Callable[[int], Server]:
        return lambda port: peers.start_nginx(self.place, slug, port, http, server)

    def haproxy(self, slug: str, keys: KeySet | None, upstream: bool) -> Callable[[int], Server]:
        def start(port: int) -> Server:
            rules = [peers.haproxy_key_map(self.place, slug, keys)] if keys else []
            backend = ""
            if upstream:
                rule, backend = peers.haproxy_backend(self.upstream_port)
                rules.append(rule)
            else:
                rules.append(peers.HAPROXY_ANSWER)
            return peers.start_haproxy(self.place, slug, port, rules, backend)

        return start

    def key_sets(self) -> list[KeySet]:
        """The sizes HAProxy is measured with: nginx's, and Keyward's."""
        return [self.small] if self.small.count == self.large.count else [self.small, self.large]


def add_answers(lineup: Lineup) -> None:
    """Servers that answer by themselves."""
    add = lineup.add
    verify = {"request": verify_request(lineup.small), "keys": lineup.small}
    bare = {"expect": ALLOWED, "refuses_unknown": False}
    add("hyper-get", "bare hyper `200`, GET", ANSWERS, lineup.hyper("hyper-get", "respond"), **bare)
    add("hyper-post", "bare hyper `200`, POST", ANSWERS, lineup.hyper("hyper-post", "respond"), **verify, **bare)
    title = "nginx `return 200`"
    add("nginx-return", title, ANSWERS, lineup.nginx("nginx-return", "", peers.NGINX_ANSWER_200), **bare)
    http = peers.nginx_key_map(lineup.place, "nginx-map", lineup.small)
    check = peers.NGINX_CHECK.format(answer=peers.NGINX_ANSWER_LATE)
    title = f"nginx, map of {lineup.small.count:,} keys + `limit_req`"
    add("nginx-map", title, ANSWERS, lineup.nginx("nginx-map", http, check), expect="GIF89a")
    for keys in lineup.key_sets():
        slug = f"haproxy-map-{keys.count}"
        title = f"HAProxy, map of {keys.count:,} keys + stick table"
        add(slug, title, ANSWERS, lineup.haproxy(slug, keys, upstream=False), keys=keys, expect=ALLOWED)


def add_proxies(lineup: Lineup) -> None:
    """Proxies in front of the trivial upstream."""
    add = lineup.add
    http = peers.nginx_upstream("api", lineup.upstream_port)
    says = {"expect": UPSTREAM_SAYS}
    bare = says | {"refuses_unknown": False}
    server = f"        location / {{\n{peers.NGINX_PROXY}\n        }}"
    add("nginx-proxy", "nginx, bare proxy", PROXIED, lineup.nginx("nginx-proxy", http, server), **bare)
    http_map = http + "\n" + peers.nginx_key_map(lineup.place, "nginx-proxy-map", lineup.small)
    check = peers.NGINX_CHECK.format(answer=peers.NGINX_PROXY)
    title = f"nginx, map of {lineup.small.count:,} keys + `limit_req`"
    add("nginx-proxy-map", title, PROXIED, lineup.nginx("nginx-proxy-map", http_map, check), **says)
    slug = "haproxy-proxy"
    add(slug, "HAProxy, bare proxy", PROXIED, lineup.haproxy(slug, None, upstream=True), **bare)
    for keys in lineup.key_sets():
        slug = f"haproxy-proxy-map-{keys.count}"
        title = f"HAProxy, map of {keys.count:,} keys + stick table"
        add(slug, title, PROXIED, lineup.haproxy(slug, keys, upstream=True), keys=keys, **says)


def add_keyward(lineup: Lineup, build: Build, key_count: int) -> None:
    """The rows of a build of Keyward, by one process that serves them all."""
    if not lineup.wanted(build.slug):
        return
    if missing := keyward.missing_binaries(build.bin_dir):
        print(f"SKIPPED {build.slug}: {', '.join(missing)} not found in {build.bin_dir}", flush=True)
        return
    ports = keyward.Ports(*free_ports(3), lineup.upstream_port)
    config = keyward.write_config(lineup.place, build.slug, ports)
    keys = keyward.fill(lineup.place, build.slug, build.bin_dir, config, key_count)
    server = keyward.start(lineup.place, build.slug, build.bin_dir, config, ports)

    def row(what: str, title: str, group: str, port: int, request: bytes, expect: str) -> None:
        title = f"{build.title.format(title)}, {keys.count:,} keys"
        lineup.targets.append(Target(f"{build.slug}-{what}", title, group, port, [server], request, keys, expect))

    row("verify", "Keyward `POST /v1/verify`", ANSWERS, ports.auth, verify_request(keys), ALLOWED)
    row("gateway", "Keyward gateway", PROXIED, ports.gateway, get_request(), UPSTREAM_SAYS)


def add_auth_request(
    lineup: Lineup, slug: str, title: str, auth: Server, auth_port: int, keys: KeySet, refuses_unknown: bool
) -> None:
    """nginx asking a decision service about every request; the CPU time of both counts."""
    upstreams = [peers.nginx_upstream("api", lineup.upstream_port), peers.nginx_upstream("auth", auth_port)]
    (port,) = free_ports(1)
    nginx = peers.start_nginx(lineup.place, slug, port, "\n".join(upstreams), peers.NGINX_AUTH_REQUEST)
    lineup.targets.append(
        Target(
            slug, title, BEHIND_NGINX, port, [nginx, auth], get_request(), keys, UPSTREAM_SAYS, refuses_unknown
        )
    )


def start_all(
    place: Place, bin_dir: Path, earlier: Path | None, key_count: int, wanted: Callable[[str], bool]
) -> list[Target]:
    """Starts every wanted server, side by side; of Keyward also an earlier build, where there is one."""
    small = make_keys(place.fleet.work_dir / "small.keys", min(MAP_KEYS, key_count))
    large = small if key_count <= MAP_KEYS else make_keys(place.fleet.work_dir / "large.keys", key_count)
    (upstream_port,) = free_ports(1)
    peers.start_hyper(place, "upstream", upstream_port, bin_dir / "bare-hyper", "upstream")
    lineup = Lineup(place, bin_dir, wanted, small, large, upstream_port, [])
    add_answers(lineup)
    add_proxies(lineup)
    add_keyward(lineup, Build("keyward", "**{}**", bin_dir), key_count)
    if earlier:
        add_keyward(lineup, Build("earlier", "an earlier build, {}", earlier), key_count)
    if wanted("nginx-auth-empty"):
        (auth_port,) = free_ports(1)
        empty = peers.start_hyper(place, "auth-empty", auth_port, bin_dir / "bare-hyper", "empty")
        title = "nginx + an empty auth service"
        add_auth_request(lineup, "nginx-auth-empty", title, empty, auth_port, small, False)
    if not lineup.targets:
        raise BenchError("nothing to measure")
    return lineup.targets
