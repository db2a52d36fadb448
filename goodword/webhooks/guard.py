"""One request to one receiver, over a socket that was checked: no proxy, no redirect, bounded in time and in size.

The name is looked up once; every address behind it is judged; the connection goes to one of those addresses, and the
peer of the open socket is compared with it before a byte of ours leaves. No database here, and no settings.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

import httpcore

from goodword.domain.webhook_targets import (
    Address,
    Surroundings,
    Target,
    TargetRefused,
    is_special,
    private_address,
    read_target,
)

SECONDS_MAX: Final = 15.0
CONNECT_SECONDS_MAX: Final = 5.0
ADDRESSES_TRIED_MAX: Final = 2
ANSWER_BYTES_MAX: Final = 16 * 1024
ANSWER_KEPT_MAX: Final = 1000
_LOOKING_UP = threading.BoundedSemaphore(64)
"""The system's look-up cannot be stopped: those that hang are counted, and no more are begun than this."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request. `failure` is empty when the receiver answered 2xx, else one of `Attempt.FAILURES`."""

    status: int | None
    failure: str
    detail: str
    answer: str
    milliseconds: int


class _Failed(Exception):
    def __init__(self, failure: str, detail: str) -> None:
        super().__init__(detail)
        self.failure, self.detail = failure, detail


def look_up(host: str, port: int) -> list[str]:
    """The addresses behind a name, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(address: str, port: int, timeout: float) -> socket.socket:
    """An open socket to a numeric address."""
    return socket.create_connection((address, port), timeout)


def _certified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(frozen=True, slots=True)
class Network:
    """The ways out, so that tests can put others in their place."""

    look_up: Callable[[str, int], list[str]] = look_up
    connect: Callable[[str, int, float], socket.socket] = connect
    certificates: Callable[[], ssl.SSLContext] = _certified
    seconds_max: float = SECONDS_MAX


def send(url: str, body: bytes, headers: Mapping[str, str], *, around: Surroundings, network: Network) -> Outcome:
    """POST a message. Never raises for what the other side does: that is told in the outcome."""
    started = time.monotonic()
    status, answer = None, ""
    try:
        status, answer, failure, detail = _posted(url, body, headers, _Way(around, network, started))
    except _Failed as failed:
        failure, detail = failed.failure, failed.detail
    spent = int((time.monotonic() - started) * 1000)
    return Outcome(status, failure, detail[:300], answer, spent)


@dataclass(slots=True)
class _Way:
    """Where this request may go, by what means, and until when."""

    around: Surroundings
    network: Network
    started: float

    def left(self, at_most: float = 1e9) -> float:
        rest = self.started + self.network.seconds_max - time.monotonic()
        if rest <= 0:
            raise TimeoutError
        return min(rest, at_most)


def _posted(url: str, body: bytes, headers: Mapping[str, str], way: _Way) -> tuple[int, str, str, str]:
    try:
        target = read_target(url, way.around)
        with _connection(target, way) as connection:
            return _exchanged(connection, target, body, headers)
    except TargetRefused as refused:
        raise _Failed("address", f"{refused.message} ({refused.code})") from refused
    except TimeoutError as late:
        raise _Failed("timeout", f"it did not answer within {way.network.seconds_max:.0f} s") from late
    except ssl.SSLError as wrong:
        raise _Failed("tls", getattr(wrong, "verify_message", "") or wrong.reason or "no secure connection") from wrong
    except httpcore.RemoteProtocolError as wrong:
        raise _Failed("answer", str(wrong)) from wrong
    except (OSError, httpcore.NetworkError) as wrong:
        raise _Failed("connection", getattr(wrong, "strerror", None) or str(wrong) or type(wrong).__name__) from wrong


def _connection(target: Target, way: _Way) -> httpcore.HTTPConnection:
    origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
    context = way.network.certificates() if target.scheme == "https" else None
    return httpcore.HTTPConnection(origin, ssl_context=context, network_backend=_Checked(target, way))


def _exchanged(
    connection: httpcore.HTTPConnection, target: Target, body: bytes, headers: Mapping[str, str]
) -> tuple[int, str, str, str]:
    sent = {
        **headers,
        "Host": target.authority,
        "Content-Length": str(len(body)),
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    url = httpcore.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
    )
    pairs = [(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()]
    with connection.stream("POST", url, headers=pairs, content=body) as response:
        status = response.status
        answer = _beginning(response.iter_stream())
    if 200 <= status < 300:
        return status, answer, "", ""
    if 300 <= status < 400:
        return status, answer, "redirect", f"answered {status}: redirects are not followed"
    return status, answer, "status", f"answered {status}"


def _beginning(chunks: Iterable[bytes]) -> str:
    """The beginning of the answer. The status is known by then: a slow or endless rest is left where it is."""
    found = b""
    try:
        for chunk in chunks:
            found += chunk
            if len(found) >= ANSWER_BYTES_MAX:
                break
    except (OSError, httpcore.NetworkError, httpcore.ProtocolError):
        pass
    text = found[: 4 * ANSWER_KEPT_MAX].decode("utf-8", "replace")
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)[:ANSWER_KEPT_MAX]


@dataclass
class _Checked(httpcore.NetworkBackend):
    """Opens a connection to an address that was judged, and to no other."""

    target: Target
    way: _Way

    def connect_tcp(self, host: str, port: int, *_how: Any, **_options: Any) -> httpcore.NetworkStream:
        assert (host, port) == (self.target.host, self.target.port)
        addresses = self._judged(_found(self.way, host, port))
        for place, address in enumerate(addresses, start=1):
            try:
                return _Bounded(self._opened(address), self.way)
            except OSError:
                if place == len(addresses):
                    raise
        raise _Failed("unknown_host", f"{host} has no address")

    def _judged(self, addresses: Sequence[str]) -> list[str]:
        """Fit addresses. One unfit among them spoils all: nobody sound mixes public and private ones."""
        for address in addresses:
            self._refuse(ip_address(address.partition("%")[0]))
        return list(addresses[:ADDRESSES_TRIED_MAX])

    def _refuse(self, address: Address) -> None:
        allowed = address.is_loopback if self.target.on_loopback else not is_special(address)
        if not allowed:
            raise private_address(self.target.host, str(address))

    def _opened(self, address: str) -> socket.socket:
        opened = self.way.network.connect(address, self.target.port, self.way.left(CONNECT_SECONDS_MAX))
        try:
            self._check_peer(opened, address)
        except BaseException:
            opened.close()
            raise
        return opened

    def _check_peer(self, opened: socket.socket, address: str) -> None:
        """Whom the open socket really leads to: the address that was judged, and a fit one."""
        peer = ip_address(str(opened.getpeername()[0]).partition("%")[0])
        self._refuse(peer)
        if peer != ip_address(address.partition("%")[0]):
            raise private_address(self.target.host, str(peer))


def _found(way: _Way, host: str, port: int) -> list[str]:
    """The addresses behind a host, within bounds: the look-up runs beside us, and may be left behind."""
    if not _LOOKING_UP.acquire(timeout=way.left(CONNECT_SECONDS_MAX)):
        raise TimeoutError
    found: list[str] = []
    wrong: list[OSError | UnicodeError] = []

    def run() -> None:
        try:
            found.extend(way.network.look_up(host, port))
        except (OSError, UnicodeError) as failure:
            wrong.append(failure)
        finally:
            _LOOKING_UP.release()

    thread = threading.Thread(target=run, name="webhook look-up", daemon=True)
    thread.start()
    thread.join(way.left(CONNECT_SECONDS_MAX))
    if thread.is_alive():
        raise TimeoutError
    if wrong:
        raise _Failed("unknown_host", f"{host}: {getattr(wrong[0], 'strerror', None) or 'not found'}")
    return found


class _Bounded(httpcore.NetworkStream):
    """A socket on which every step gets only what is left of the time of the whole request."""

    def __init__(self, opened: socket.socket, way: _Way) -> None:
        self._socket, self._way = opened, way

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  (ours is the whole)
        self._socket.settimeout(self._way.left())
        return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        while buffer:
            self._socket.settimeout(self._way.left())
            try:
                buffer = buffer[self._socket.send(buffer) :]
            except TimeoutError:
                raise
            except OSError as failed:  # whoever closes early may have answered already: then that is read
                raise httpcore.WriteError(str(failed)) from failed

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        self._socket.settimeout(self._way.left())
        try:
            self._socket = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except BaseException:
            self._socket.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "socket" else None
