"""Who sent this: each system's signature over the raw bytes of a request, checked in constant time.

Pure but for the clock of the Standard Webhooks library. A refusal says what is missing, never what would be right.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from goodword.connections.wanted import TOLERANCE
from goodword.domain.errors import DomainError

SIGNATURES_MAX: Final = 10
"""So many signatures of one message are checked: more would be work for nothing."""
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_MESSAGE_ID = re.compile(r"[!-\-/-~]{1,255}", re.ASCII)  # printable, without a space or a point


class NotSigned(DomainError):
    """A request that does not come from who it should come from; answered with 401."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


Headers = Mapping[str, str]
Verify = Callable[[Headers, bytes, Sequence[str], datetime], None]


def verify_stripe(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """`Stripe-Signature: t=<seconds>,v1=<hex>[,v1=...]`: HMAC-SHA256 of `<seconds>.<body>`."""
    pairs = [part.strip().partition("=")[::2] for part in _given(headers, "stripe-signature").split(",")]
    stamp = next((value for name, value in pairs if name == "t"), "")
    given = [value for name, value in pairs if name == "v1"][:SIGNATURES_MAX]
    if not stamp or not pairs:
        raise NotSigned("missing_signature", "The Stripe-Signature header has no t=.")
    if not given:
        raise NotSigned("unexpected_algorithm", "The Stripe-Signature header has no v1 signature.")
    if not _SECONDS.fullmatch(stamp):
        raise NotSigned("stale_timestamp", "The time of the signature is no number of seconds.")
    expected = [
        hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest() for secret in secrets
    ]
    _one_of(given, expected)
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise NotSigned("stale_timestamp", "The signature is more than 5 minutes from now.")


def verify_standard(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """The Standard Webhooks scheme, by its own library; it also judges the age."""
    message_id = _given(headers, "webhook-id")
    stamp, given = _given(headers, "webhook-timestamp"), _given(headers, "webhook-signature")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise NotSigned("invalid_message_id", "The webhook-id is not one word without a point.")
    if not _SECONDS.fullmatch(stamp):
        raise NotSigned("stale_timestamp", "The webhook-timestamp is no number of seconds.")
    passed = _symmetric(given)
    checked = {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": " ".join(passed)}
    matches = [_library_agrees(secret, body, checked) for secret in secrets]
    if not any(matches):
        raise NotSigned("bad_signature", "No signature fits.")


def _symmetric(given: str) -> list[str]:
    """The v1 signatures that can be read; other versions are not ours to check."""
    versions = [one.partition(",")[::2] for one in given.split()]
    readable = [f"v1,{text}" for version, text in versions if version == "v1" and _is_base64(text)][:SIGNATURES_MAX]
    if not readable and versions and all(version != "v1" for version, _ in versions):
        raise NotSigned("unexpected_algorithm", "Only v1 signatures (HMAC-SHA256) are taken here.")
    if not readable:
        raise NotSigned("bad_signature", "No signature fits.")
    return readable


def _library_agrees(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except WebhookVerificationError as refused:
        if "timestamp" in str(refused):
            raise NotSigned("stale_timestamp", "The message is more than 5 minutes from now.") from None
        return False
    except UnicodeDecodeError:
        return False
    return True


def verify_woocommerce(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """`X-WC-Webhook-Signature`: HMAC-SHA256 of the body in base64. WooCommerce signs no time."""
    _verify_body("x-wc-webhook-signature", headers, body, secrets)


def verify_shopify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """`X-Shopify-Hmac-Sha256`: HMAC-SHA256 of the body in base64. Shopify signs no time."""
    _verify_body("x-shopify-hmac-sha256", headers, body, secrets)


def _verify_body(name: str, headers: Headers, body: bytes, secrets: Sequence[str]) -> None:
    digests = [hmac.new(secret.encode(), body, hashlib.sha256).digest() for secret in secrets]
    _one_of([_given(headers, name)], [base64.b64encode(digest).decode() for digest in digests])


def _given(headers: Headers, name: str) -> str:
    text = headers.get(name, "").strip()
    if not text:
        raise NotSigned("missing_signature", f"The header {name} is missing.")
    return text


def _one_of(given: Sequence[str], expected: Sequence[str]) -> None:
    """Every pair is compared, so that the time taken tells nothing about which one came close."""
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected]
    if not any(matches):
        raise NotSigned("bad_signature", "No signature fits.")


def _is_base64(text: str) -> bool:
    with suppress(binascii.Error, ValueError):
        base64.b64decode(text, validate=True)
        return True
    return False


VERIFY: Final[Mapping[str, Verify]] = {
    "stripe": verify_stripe,
    "standard": verify_standard,
    "woocommerce": verify_woocommerce,
    "shopify": verify_shopify,
}
