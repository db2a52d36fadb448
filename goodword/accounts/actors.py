"""Who did something: the answer that audit entries keep."""

from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest

ActorKind = Literal["user", "partner", "key", "system", "public"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: a person of the team or of a partner, an API key, the system, or a visitor."""

    kind: ActorKind
    id: str
    label: str


SYSTEM = Actor("system", "", "Goodword")
VISITOR = Actor("public", "", "a visitor")


def actor_of(request: HttpRequest) -> Actor:
    """Who makes this request, as the access middleware has established it."""
    found: Any = request
    if key := getattr(found, "api_key", None):
        return Actor("key", key.public_id, key.name)
    user = getattr(found, "user", None)
    if user is None or not user.is_authenticated:
        return VISITOR
    label = f"{user.name} <{user.email}>" if user.name else user.email
    return Actor("partner" if getattr(found, "seat", None) else "user", user.public_id, label)
