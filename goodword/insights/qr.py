"""QR codes as inline SVG, dark on white whatever the theme: scanners want contrast."""

from functools import lru_cache

import segno
from django.utils.safestring import SafeString


@lru_cache(maxsize=512)
def qr_svg(text: str) -> SafeString:
    """The code for an address; error correction M bears a smudge."""
    return SafeString(segno.make(text, error="m").svg_inline(scale=4, border=0, dark="#13171b", omitsize=True))
