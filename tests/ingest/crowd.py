"""Many who ask a front at once, over connections that stay open, as browsers and shops' servers do."""

import asyncio
import json
import re
from urllib.parse import urlsplit

from tests.ingesting import BROWSER


def visit(path="/r/acme/spring"):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {BROWSER}\r\n\r\n".encode()


def event(key, body, path="sale"):
    text = json.dumps(body)
    head = f"POST /v1/track/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


class Line:
    """One connection. `ask` gives status, head and body; None when the other side hung up."""

    def __init__(self, address):
        self._to, self._writer = urlsplit(address), None

    async def ask(self, request):
        try:
            if self._writer is None:
                self._reader, self._writer = await asyncio.open_connection(self._to.hostname, self._to.port)
            self._writer.write(request)
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"(?i)content-length: (\d+)", head)
            body = await self._reader.readexactly(int(length[1])) if length else b""
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return None
        return int(head[9:12]), head, body

    def close(self):
        if self._writer is not None:
            self._writer.close()
        self._writer = None


async def all_at_once(address, requests, *, lines=50):
    """The answers to these requests, asked over so many lines."""
    waiting, answers = list(enumerate(requests)), {}

    async def work():
        line = Line(address)
        while waiting:
            number, request = waiting.pop()
            answers[number] = await line.ask(request)
        line.close()

    await asyncio.gather(*(work() for _ in range(lines)))
    return [answers[number] for number in range(len(answers))]
