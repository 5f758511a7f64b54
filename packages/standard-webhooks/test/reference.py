"""Calls the reference library of PyPI: requests on standard input, responses on standard output, a line of JSON each."""

import json
import sys
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def respond(call):
    webhook = Webhook(call["secret"])
    if call["do"] == "sign":
        at = datetime.fromtimestamp(call["timestamp"], tz=timezone.utc)
        return webhook.sign(call["id"], at, call["body"])
    try:
        webhook.verify(call["body"].encode(), call["headers"], json_parse=False)
        return True
    except WebhookVerificationError:
        return False


for line in sys.stdin:
    print(json.dumps(respond(json.loads(line))), flush=True)
