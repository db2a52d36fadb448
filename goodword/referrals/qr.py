"""QR pictures of addresses: SVG for pages and print, PNG for everything else. The same address gives the same bytes."""

import io

import segno

SCALE = 8
BORDER = 4


def qr_svg(url: str, *, dark: str = "#000", light: str = "#fff") -> str:
    """The address as an SVG picture that scales to its place and keeps its quiet zone."""
    out = io.BytesIO()
    segno.make_qr(url, error="m").save(
        out, kind="svg", border=BORDER, dark=dark, light=light, xmldecl=False, omitsize=True, nl=False
    )
    return out.getvalue().decode("utf-8")


def qr_png(url: str) -> bytes:
    """The address as a PNG picture, black on white."""
    out = io.BytesIO()
    segno.make_qr(url, error="m").save(out, kind="png", scale=SCALE, border=BORDER)
    return out.getvalue()
