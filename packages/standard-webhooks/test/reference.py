"""Answers calls to the reference library of PyPI: a line of JSON on standard input, a line on standard output."""

import json
import sys
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def answer(call):
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
    print(json.dumps(answer(json.loads(line))), flush=True)
