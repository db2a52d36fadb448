"""Which callers are programs of no person, by what they call themselves. A pure reading of one header."""

import re
from functools import lru_cache
from typing import Final

from crawleruseragents import is_crawler

_BROWSER: Final = re.compile(r"(Mozilla|Opera)/\d")
_USER_AGENT_LENGTH_MAX: Final = 1000


@lru_cache(maxsize=4096)
def is_bot(user_agent: str) -> bool:
    """Whether a program of no person calls itself so: a known crawler, or nothing like a browser."""
    if len(user_agent) > _USER_AGENT_LENGTH_MAX or not _BROWSER.match(user_agent):
        return True
    return bool(is_crawler(user_agent))
