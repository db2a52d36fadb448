"""QR pictures as parts of a partner page and as files to keep."""

from django.http import Http404, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from goodword.referrals.qr import qr_png, qr_svg


def qr_inline(text: str) -> SafeString:
    """The picture as part of a page; it scales with its box."""
    return mark_safe(qr_svg(text))  # noqa: S308  (a path is drawn; the text is not in it)


def qr_file(text: str, kind: str, name: str) -> HttpResponse:
    """The picture as a file: `svg` for print shops, `png` for everything else."""
    if kind == "svg":
        response = HttpResponse(qr_svg(text), content_type="image/svg+xml")
    elif kind == "png":
        response = HttpResponse(qr_png(text), content_type="image/png")
    else:
        raise Http404
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
