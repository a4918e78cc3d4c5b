"""A chat endpoint on this machine that speaks the protocol over real sockets, well or badly."""

import base64
import io
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-very-secret-0123456789"
ANSWER = "A person stands at the left of a dark road, and a lamp shines at the top right."


class ChatServer(ThreadingHTTPServer):
    """`behaviours` are taken one a request; the last one stays. `requests` keeps what came."""

    daemon_threads = True

    def __init__(self, behaviours):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviours, self.requests = list(behaviours), []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def behaviour(self):
        return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]

    def handle_error(self, request, client_address):
        """The client hung up: that is a case to be tested, not a fault to be printed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), json.loads(body)))
        self.server.behaviour()(self)

    def log_message(self, *arguments):
        pass

    def reply(self, status, content, headers=(), length=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def completion(text):
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps(
        {"id": "1", "object": "chat.completion", "model": "stub", "choices": [choice]}
    ).encode()


def says(text=ANSWER):
    return lambda handler: handler.reply(200, completion(text))


def fails(status, headers=(), content=b'{"error": {"message": "no"}}'):
    return lambda handler: handler.reply(status, content, headers)


def sends(content):
    return lambda handler: handler.reply(200, content)


def sleeps(seconds):
    def behave(handler):
        time.sleep(seconds)
        handler.reply(200, completion(ANSWER))

    return behave


def drips(handler):
    """A byte now and then: no single read ever times out."""
    handler.reply(200, b"", length=10_000)
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def cuts(handler):
    content = completion(ANSWER)
    handler.reply(200, content[:20], length=len(content))
    handler.close_connection = True


def hangs_up(handler):
    handler.close_connection = True
    handler.connection.close()


@contextmanager
def serving(*behaviours):
    server = ChatServer(behaviours or [says()])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def picture_of(request):
    """The image in a request as it arrived."""
    from PIL import Image

    (_, _, body) = request
    (part,) = [p for p in body["messages"][0]["content"] if p["type"] == "image_url"]
    kind, data = part["image_url"]["url"].split(",", 1)
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))
