"""A mail server that misbehaves on demand: what the tests of mail send to.

It listens on a free port of 127.0.0.1 and talks to the test in lines of JSON on standard output: first its port, then
each mail it has read. A line on standard input sets what it does from then on, and is answered with "mode":

accept      takes every mail
later       refuses every recipient for now (450)
never       refuses every recipient for good (550)
unwilling   refuses every mail after it has read it, for now (451)
mute        answers nothing to the greeting
stall       reads a mail and never answers
cut         ends the connection in the middle of a mail
lie         takes a mail and ends the connection before it says so
close       ends every connection at once

Arguments: plain | starttls | tls, then for TLS the files of certificate and key, then --auth for a sign-in as
keyward with the password that the environment has in SINK_PASSWORD.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

MODE = "accept"


def say(**what):
    print(json.dumps(what), flush=True)


def told(envelope):
    """A mail as the test wants to see it."""
    raw = envelope.content
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    part = lambda kind: next((p.get_content() for p in mail.walk() if p.get_content_type() == kind), "")
    return {
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "headers": [[name, str(value)] for name, value in mail.items()],
        "text": part("text/plain"),
        "html": part("text/html"),
    }


class Handler:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        if MODE == "mute":
            await asyncio.Event().wait()
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if MODE == "later":
            return "450 the mailbox is busy"
        if MODE == "never":
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if MODE == "unwilling":
            return "451 not now"
        say(mail=told(envelope))
        if MODE == "stall":
            await asyncio.Event().wait()
        if MODE == "lie":
            server.transport.abort()
            return "421 gone"
        return "250 taken"


class Sink(SMTP):
    def connection_made(self, transport):
        if MODE == "close":
            transport.abort()
        super().connection_made(transport)

    async def smtp_DATA(self, arg):
        if MODE != "cut":
            return await super().smtp_DATA(arg)
        await self.push("354 go on")
        await self._reader.readline()
        say(cut=True)
        self.transport.abort()


def login(server, session, envelope, mechanism, data):
    wanted = os.environ["SINK_PASSWORD"].encode()
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"keyward", wanted)
    return AuthResult(success=good, handled=True) if good else AuthResult(success=False, handled=False)


async def obey():
    """Sets the mode as the test says, until its end."""
    global MODE
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        MODE = line.decode().strip()
        say(mode=MODE)


async def main(security, *rest):
    auth = "--auth" in rest
    files = [arg for arg in rest if arg != "--auth"]
    context = None
    if security != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    options = {"hostname": "sink.example.com", "enable_SMTPUTF8": True}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if auth:
        options |= {"authenticator": login, "auth_required": True, "auth_require_tls": security == "starttls"}
    make = lambda: Sink(Handler(), **options)
    implicit = context if security == "tls" else None
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=implicit)
    say(port=server.sockets[0].getsockname()[1])
    await obey()


asyncio.run(main(*sys.argv[1:]))
