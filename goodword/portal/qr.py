"""QR pictures of links and codes, drawn on the server."""

import io

import segno
from django.http import Http404, HttpResponse
from django.utils.safestring import SafeString, mark_safe

_QUIET_ZONE = 4


def qr_inline(text: str) -> SafeString:
    """The picture as part of a page; it scales with its box."""
    drawing = segno.make(text, error="m", micro=False).svg_inline(border=_QUIET_ZONE, omitsize=True)
    return mark_safe(drawing)  # noqa: S308  (segno draws a path; the text is not in it)


def qr_file(text: str, kind: str, name: str) -> HttpResponse:
    """The picture as a file to keep: `svg` for print shops, `png` for everything else."""
    types = {"svg": "image/svg+xml", "png": "image/png"}
    if kind not in types:
        raise Http404
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind=kind, scale=1 if kind == "svg" else 16, border=_QUIET_ZONE)
    response = HttpResponse(out.getvalue(), content_type=types[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
