"""Receives Paxyo's outgoing webhooks, and keeps the panel's own tables in PostgreSQL true: each refund is credited once.

pip install -r requirements.txt
flask --app webhook run
"""

import os

import psycopg
from flask import Flask, request
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

app = Flask(__name__)
webhook = Webhook(os.environ["PAXYO_WEBHOOK_SECRET"])
# `before` locks the order and its user, so that a repeated webhook credits nothing, and one whose user has no row changes
# nothing; `refunded` is the total of the order, of which the previous system has credited `refundedElsewhere`. An order
# that was paid from the account that Paxyo keeps is refunded there.
APPLY = """
  WITH before AS (
    SELECT orders.refunded FROM orders JOIN users ON users.id = %(userId)s
    WHERE orders.id = %(orderId)s FOR UPDATE),
  credited AS (
    UPDATE users SET balance = balance + greatest(0,
      %(refunded)s::numeric - greatest(before.refunded, %(refundedElsewhere)s::numeric))
    FROM before WHERE users.id = %(userId)s AND %(payment)s::text = 'external')
  UPDATE orders SET refunded = greatest(orders.refunded, %(refunded)s::numeric),
    paxyo_seq = greatest(paxyo_seq, %(seq)s),
    status = CASE WHEN %(seq)s > paxyo_seq THEN %(status)s ELSE status END,
    remains = CASE WHEN %(seq)s > paxyo_seq THEN %(remains)s ELSE remains END
  FROM before WHERE orders.id = %(orderId)s"""


@app.post("/webhook")
def receive():
    try:
        # The signature is of the bytes.
        message = webhook.verify(request.get_data(), dict(request.headers))
    except WebhookVerificationError:
        return "", 401
    if message["type"] == "order.updated":
        data = message["data"]
        # The test order of `paxyo setup --check`.
        if data["userId"] == "paxyo-setup-check":
            return "", 204
        with psycopg.connect(os.environ["PANEL_DB"]) as db:
            row = {**data["order"], "userId": data["userId"], "seq": data["seq"]}
            # Paxyo retries after anything but 2xx.
            if db.execute(APPLY, row).rowcount == 0:
                return "", 404
    return "", 204
