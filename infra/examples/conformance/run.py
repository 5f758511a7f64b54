"""Runs the scenarios against a gateway, over WebSockets and HTTP streams.

    pip install -r requirements.txt
    python run.py --gateway http://localhost:8080 --panel http://localhost:8080 \
      --panel-key KEY --webhook http://localhost:8080/webhooks/godofpanel/TOKEN

A scenario is a list of steps; README.md describes them. To check a client in another language, run the same steps with it.
"""

import argparse
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

TIMEOUT_S = 20
# Sent by a gateway at any time; a scenario that expects one says so.
AT_ANY_TIME = {"ping", "delayed", "live"}


class Failure(Exception):
    pass


class Closed(Exception):
    """The server has closed the connection."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class WebSocket:
    def __init__(self, gateway):
        url = re.sub("^http", "ws", gateway) + "/ws"
        self.open = ExitStack()
        self.socket = self.open.enter_context(connect(url, open_timeout=TIMEOUT_S, max_size=None))

    def send(self, texts):
        for text in texts:
            self.socket.send(text)

    def receive(self):
        try:
            return self.socket.recv(timeout=TIMEOUT_S)
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else None) from None
        except TimeoutError:
            raise Failure(f"nothing was received for {TIMEOUT_S} s") from None

    def close(self):
        self.open.close()


class Stream:
    """Sends once: `hello`, and other messages on the lines after it."""

    def __init__(self, gateway):
        url = urllib.parse.urlsplit(gateway)
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        self.connection = kind(url.netloc, timeout=TIMEOUT_S)
        self.response = None

    def send(self, texts):
        if self.response is not None:
            raise Failure("a stream sends only once")
        self.connection.request("POST", "/stream", "\n".join(texts), {"content-type": "text/plain"})
        self.response = self.connection.getresponse()

    def receive(self):
        event, data = "message", ""
        while True:
            try:
                line = self.response.readline().decode().rstrip("\r\n")
            except TimeoutError:
                raise Failure(f"nothing was received for {TIMEOUT_S} s") from None
            name, _, value = line.partition(":")
            if name == "event":
                event = value.strip()
            elif name == "data":
                data += value.strip()
            elif line == "" and data != "":
                if event == "close":
                    raise Closed(json.loads(data)["code"])
                return data
            elif line == "" and self.response.isclosed():
                raise Failure("the stream ended without a close code")

    def close(self):
        self.connection.close()


TRANSPORTS = {"websocket": WebSocket, "stream": Stream}


def fill(value, variables):
    """Replaces `${name}`; a text that is only a name becomes the value, with its type."""
    if isinstance(value, dict):
        return {key: fill(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, variables) for inner in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\$\{(\w+)\}", value)
    if whole:
        return variables[whole[1]]
    return re.sub(r"\$\{(\w+)\}", lambda match: str(variables[match[1]]), value)


def difference(expected, actual, path="message"):
    """The first member that is not as expected; members that are not named may have any value."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        parts = [difference(inner, actual.get(key), f"{path}.{key}") for key, inner in expected.items()]
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        parts = [difference(*pair, f"{path}[{i}]") for i, pair in enumerate(zip(expected, actual))]
    else:
        parts = [] if expected == actual else [f"{path} is {json.dumps(actual)}, not {json.dumps(expected)}"]
    return next((part for part in parts if part is not None), None)


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def matches(schema, value):
    """Validates the parts of JSON Schema that the schema of the messages uses."""
    if "anyOf" in schema or "oneOf" in schema:
        return any(matches(inner, value) for inner in schema.get("anyOf") or schema["oneOf"])
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        return False
    if isinstance(value, bool):
        return schema.get("type") == "boolean" or "type" not in schema
    if isinstance(value, int):
        return value >= schema.get("minimum", value) and value > schema.get("exclusiveMinimum", value - 1)
    if isinstance(value, list):
        return all(matches(schema.get("items", {}), item) for item in value)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        has_all = all(key in value for key in schema.get("required", []))
        return has_all and all(matches(inner, value[key]) for key, inner in properties.items() if key in value)
    return True


class Session:
    """A run of one scenario over one transport."""

    def __init__(self, options, schema, transport):
        self.options, self.schema, self.transport = options, schema, transport
        self.link = None
        unique = uuid.uuid4().hex[:12]
        self.variables = {"id": unique, "user": f"conformance-{unique}"}
        self.variables["token"] = self.request("POST /v1/tokens", {"userId": self.variables["user"]}, 201)["token"]

    def request(self, line, body, status):
        method, path = line.split(" ")
        headers = {"authorization": f"Bearer {self.options.panel_key}", "idempotency-key": uuid.uuid4().hex}
        return send_http(method, self.options.panel + path, body, headers, status)

    def step(self, step):
        step = fill(step, self.variables)
        if "register" in step:
            order = fill(self.options.order_defaults, self.variables) | step["register"]
            self.request("POST /v1/orders", order, 201)
        elif "request" in step:
            self.request(step["request"], step.get("body"), step["status"])
        elif "webhook" in step:
            send_http("POST", self.options.webhook, step["webhook"], {}, 200)
        elif "send" in step:
            messages = step["send"] if isinstance(step["send"], list) else [step["send"]]
            self.send([json.dumps(message) for message in messages])
        elif "sendText" in step:
            self.send([step["sendText"]])
        elif "receive" in step:
            self.receive(step["receive"], step.get("save", {}))
        elif "receiveClose" in step:
            self.receive_close(step["receiveClose"], step["reconnect"])
        elif "close" in step:
            self.close()
        else:
            raise Failure(f"unknown step: {json.dumps(step)}")

    def send(self, texts):
        self.link = self.link or TRANSPORTS[self.transport](self.options.gateway)
        self.link.send(texts)

    def receive(self, expected, save):
        while True:
            message = json.loads(self.link.receive())
            if not matches(self.schema, message):
                raise Failure(f"it does not match the JSON Schema: {json.dumps(message)}")
            if message["type"] == "ping" and self.transport == "websocket":
                self.link.send(['{"type":"pong"}'])
            if message["type"] == expected["type"] or message["type"] not in AT_ANY_TIME:
                break
        wrong = difference(expected, message)
        if wrong is not None:
            raise Failure(f"{wrong}; received {json.dumps(message)}")
        self.variables.update({name: message[member] for name, member in save.items()})

    def receive_close(self, code, reconnects):
        try:
            raise Failure(f"a message was received instead of the close: {self.link.receive()}")
        except Closed as closed:
            if closed.code != code:
                raise Failure(f"the code is {closed.code}, not {code}") from None
        # A client needs no list of the codes.
        if reconnects != (not 4500 <= code <= 4999):
            raise Failure(f"the range of {code} says something else about reconnecting")
        self.close()

    def close(self):
        if self.link is not None:
            self.link.close()
        self.link = None


def send_http(method, url, body, headers, status):
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers = {"content-type": "application/json", **headers}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            code, text = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        code, text = error.code, error.read().decode()
    if code != status:
        raise Failure(f"{method} {url}: {code}, not {status}: {text}")
    return json.loads(text) if text else None


def run(scenario, options, schema, transport):
    session = None
    at = 0
    try:
        session = Session(options, schema, transport)
        for at, step in enumerate(scenario["steps"], 1):
            session.step(step)
        return None
    except (Failure, Closed, OSError) as error:
        return f"step {at}: {error}"
    finally:
        if session is not None:
            session.close()


def main():
    parser = argparse.ArgumentParser(description="Runs the scenarios against a gateway.")
    parser.add_argument("--gateway", required=True, help="such as https://rt.example.com")
    parser.add_argument("--panel", required=True, help="the URL of the panel API")
    parser.add_argument("--panel-key", required=True)
    parser.add_argument("--webhook", required=True, help="the URL of the provider's webhook, with its token")
    parser.add_argument("--scenarios", default=Path(__file__).with_name("scenarios.json"), type=Path)
    options = parser.parse_args()
    schema = send_http("GET", options.gateway + "/server-message.schema.json", None, {}, 200)

    content = json.loads(options.scenarios.read_text())
    options.order_defaults = content["orderDefaults"]

    passed = failed = 0
    for scenario in content["scenarios"]:
        for transport in scenario["transports"]:
            problem = run(scenario, options, schema, transport)
            passed, failed = (passed + 1, failed) if problem is None else (passed, failed + 1)
            print(f"{'ok    ' if problem is None else 'FAILED'} {scenario['name']} ({transport})")
            if problem is not None:
                print(f"       {scenario['rule']}: {problem}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
