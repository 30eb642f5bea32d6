"""The published library of Standard Webhooks verifies what Keyward sends, and refuses what was altered."""

import http.server
import json
import os
import queue
import threading
import time
import urllib.request

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

CONTROL = os.environ["KEYWARD_CONTROL"]
KEY = os.environ["KEYWARD_MANAGEMENT_KEY"]
heard = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        heard.put((body, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(CONTROL + path, data=data, method=method)
    request.add_header("Authorization", f"Bearer {KEY}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def refused(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return True
    return False


def told(webhooks, webhook):
    attempt = call("POST", f"{webhooks}/{webhook}/test")
    assert attempt["status"] == 204, attempt
    return heard.get(timeout=10)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
account = call("GET", "/v1/accounts")["items"][0]["id"]
webhooks = f"/v1/accounts/{account}/webhooks"
made = call("POST", webhooks, {"url": f"http://127.0.0.1:{server.server_port}/hook"})
webhook, secret = made["id"], made["secret"]
try:
    body, headers = told(webhooks, webhook)
    event = Webhook(secret).verify(body, headers)
    assert event["type"] == "webhook.test" and event["data"]["webhook_id"] == webhook, event
    assert refused(secret, body + b" ", headers)
    assert refused(secret, body, {**headers, "webhook-id": "pcl_other"})
    assert refused(secret, body, {**headers, "webhook-timestamp": str(int(time.time()) - 3600)})
    assert refused("whsec_" + "A" * 43 + "=", body, headers)
    print("ok   the library verifies a webhook, and refuses an altered one")

    rotated = call("POST", f"{webhooks}/{webhook}/secret")["secret"]
    # One test of a webhook in five seconds.
    time.sleep(5)
    body, headers = told(webhooks, webhook)
    Webhook(secret).verify(body, headers)
    Webhook(rotated).verify(body, headers)
    print("ok   during a rotation it verifies with either secret")
finally:
    call("DELETE", f"{webhooks}/{webhook}")
    server.shutdown()
