"""Operations on what partners share: links and codes, with their QR pictures."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from goodword.accounts.actors import actor_of
from goodword.api.inputs import NEW_CODE, NEW_LINK, OPTIONAL_REASON
from goodword.api.operations import Body, Call, Handler, Operation, by_id, serve
from goodword.api.partners import named_partner
from goodword.api.queries import Page, choice_filter, page_of, page_query, text_filter
from goodword.domain.fields import Shape
from goodword.objects.schemas import CodeAnswer, LinkAnswer, page_schema
from goodword.objects.shown import address_of, code_shown, link_shown
from goodword.referrals.models import Code, Link
from goodword.referrals.qr import qr_png, qr_svg
from goodword.referrals.services import create_code, create_link, revoke_code, revoke_link

router = Router()
_FORM = Shape("this address", {"format": choice_filter("the picture's form; svg when left out", "svg", "png")})


def _asked(request: Call, rows: Any) -> Any:
    if "partner" in request.asked:
        rows = rows.filter(partner=named_partner(request.program, request.asked["partner"]))
    if "key" in request.asked:
        rows = rows.filter(key=request.asked["key"].lower())
    return page_of(request, rows, order=("-id",))


def list_links(request: Call) -> Page:
    """Links, newest first."""
    page = _asked(request, Link.objects.all())
    return Page([link_shown(request.program, row) for row in page.rows], page.next)


def post_link(request: Call) -> dict[str, Any]:
    """A new link of a partner."""
    given = request.given
    link = create_link(
        request.program,
        named_partner(request.program, given["partner"]),
        destination=given["destination"],
        key=given.get("key", ""),
        label=given.get("label", ""),
        actor=actor_of(request),
    )
    return link_shown(request.program, link)


def get_link(request: Call) -> dict[str, Any]:
    """One link."""
    return link_shown(request.program, request.target)


def end_link(request: Call) -> dict[str, Any]:
    """Take a link out of use."""
    reason = request.given.get("reason", "")
    link = revoke_link(request.target, actor=actor_of(request), reason=reason, now=timezone.now())
    return link_shown(request.program, link)


def link_qr(request: Call) -> HttpResponse:
    """The link's address as a QR picture; visits through it are counted as such."""
    return _picture(request, f"{address_of(request.program, request.target)}?via=qr")


def list_codes(request: Call) -> Page:
    """Codes, newest first."""
    page = _asked(request, Code.objects.all())
    return Page([code_shown(row) for row in page.rows], page.next)


def post_code(request: Call) -> dict[str, Any]:
    """A new code of a partner."""
    given = request.given
    partner = named_partner(request.program, given["partner"])
    code = create_code(
        request.program, partner, key=given["key"], offer=given.get("offer", ""), actor=actor_of(request)
    )
    return code_shown(code)


def get_code(request: Call) -> dict[str, Any]:
    """One code."""
    return code_shown(request.target)


def end_code(request: Call) -> dict[str, Any]:
    """Take a code out of use for sales from now on."""
    reason = request.given.get("reason", "")
    return code_shown(revoke_code(request.target, actor=actor_of(request), reason=reason, now=timezone.now()))


def code_qr(request: Call) -> HttpResponse:
    """The code itself as a QR picture, for a till that scans it."""
    return _picture(request, request.target.key)


def _picture(request: Call, content: str) -> HttpResponse:
    if request.asked.get("format") == "png":
        return HttpResponse(qr_png(content), content_type="image/png")
    return HttpResponse(qr_svg(content), content_type="image/svg+xml")


_LIST = page_query(partner=text_filter("public id or external_id"), key=text_filter("the key", 40))
_Kinds = tuple[tuple[str, str, type[Schema], Shape, tuple[Handler, ...]], ...]
_KINDS: _Kinds = (
    ("link", "links", LinkAnswer, NEW_LINK, (list_links, post_link, get_link, end_link, link_qr)),
    ("code", "codes", CodeAnswer, NEW_CODE, (list_codes, post_code, get_code, end_code, code_qr)),
)
for _name, _plural, _answer, _new, _handlers in _KINDS:
    _path, _one, _tags = f"/{_plural}", f"/{_plural}/{{{_name}}}", [_plural]
    _target = by_id(Link) if _name == "link" else by_id(Code)
    _operations = (
        Operation("GET", _path, f"list-{_plural}", f"List {_plural}", page_schema(_answer), query=_LIST, tags=_tags),
        Operation("POST", _path, f"create-{_name}", f"Create a {_name}", _answer, 201, Body(_new), tags=_tags),
        Operation("GET", _one, f"get-{_name}", f"Read a {_name}", _answer, target=_target, tags=_tags),
        Operation(
            "POST", f"{_one}/revoke", f"revoke-{_name}", f"Take a {_name} out of use", _answer, 200,
            Body(OPTIONAL_REASON, required=False), target=_target, tags=_tags,
        ),
        Operation(
            "GET", f"{_one}/qr", f"get-{_name}-qr", f"The {_name} as a QR picture", None,
            query=_FORM, target=_target, tags=_tags, media="image/svg+xml",
        ),
    )  # fmt: skip
    for _operation, _handler in zip(_operations, _handlers, strict=True):
        serve(router, _operation, _handler)
