"""A receiver of webhooks in the test's own process: a plain server on the loopback that does as it is told."""

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import time_machine
from standardwebhooks import Webhook


@dataclass
class Request:
    """What arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The message, read as a receiver reads it: by the library of Standard Webhooks, at the time it was sent."""
        with time_machine.travel(float(self.headers["webhook-timestamp"]), tick=False):
            return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers with `answers` in turn (the last one for ever); each is a status, or a function of the handler."""

    answers: list[Any] = field(default_factory=lambda: [204])
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.name}/hooks"

    @property
    def ids(self) -> list[str]:
        return [request.id for request in self.requests]

    def messages(self, secret: str) -> list[Any]:
        return [request.verified(secret) for request in self.requests]

    def answer(self, handler: Any) -> None:
        size = int(handler.headers.get("Content-Length", 0))
        request = Request(handler.path, {k.lower(): v for k, v in handler.headers.items()}, handler.rfile.read(size))
        handler.told = request
        with self.lock:
            self.requests.append(request)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer(handler)
            return
        handler.send_response(answer)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


def receiver_of(receiver: Receiver) -> Any:
    """The method that hands every request to the receiver."""

    def take(handler: Any) -> None:
        receiver.answer(handler)

    return take


@contextmanager
def receiving(*answers: Any, tls: Any = None):
    """A running receiver."""
    receiver = Receiver(answers=list(answers) or [204])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        do_POST = do_GET = receiver_of(receiver)  # noqa: N815  (the names that the server looks for)

        def log_message(self, *_about: Any) -> None:
            """Tests are quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> Any:
            found = super().get_request()
            receiver.connections += 1
            return found

        def handle_error(self, *_about: Any) -> None:
            """Who hangs up in the middle is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silent_port():
    """A port that takes connections and never says a word: a black hole that the test owns."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


@dataclass
class Clock:
    """A clock that stands until somebody moves it."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at
