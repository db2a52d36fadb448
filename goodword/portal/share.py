"""What a partner shares: links and codes, with their QR pictures, ready texts and print sheets."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from goodword.accounts.access import PartnerRequest, find_own
from goodword.accounts.actors import actor_of
from goodword.accounts.form_words import PlainForm
from goodword.domain.errors import DomainError
from goodword.insights.clicks import Clicks, all_clicks, clicks_drawing, clicks_of
from goodword.insights.offer import disclosure_of
from goodword.insights.refusals import show_refusal
from goodword.portal import selectors
from goodword.portal.qr import qr_file, qr_inline
from goodword.portal.texts import ready_texts
from goodword.referrals.models import Code, Link
from goodword.referrals.selectors import link_address
from goodword.referrals.services import create_link


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is needed to share one link."""

    link: Link
    address: str
    qr_address: str


def address_of(link: Link, program_slug: str) -> str:
    """The referral address as people share it."""
    return link_address(program_slug, link.key)


def _sheet(request: PartnerRequest, link: Link) -> Sheet:
    address = address_of(link, request.program.slug)
    return Sheet(link, address, f"{address}?via=qr")


def share(request: PartnerRequest) -> HttpResponse:
    """My links and codes with what they brought."""
    links: list[dict[str, Any]] = [
        {"sheet": _sheet(request, row.link), "clicks": row.clicks, "by_qr": row.by_qr}
        for row in selectors.links_with_clicks(request.partner)
    ]
    context = {
        "links": links,
        "people": sum(row["clicks"] for row in links),
        "found": clicks_of(request.program, partner=request.partner, now=timezone.now()) if links else None,
        "codes": selectors.codes_with_uses(request.partner),
        "disclosure": disclosure_of(request.program),
        "section": "share",
    }
    return render(request, "portal/share.html", context)


class LinkForm(PlainForm):
    """A new link: where it leads, and what the partner calls it."""

    destination = forms.CharField(
        label="Where it leads",
        max_length=2000,
        error_messages={"required": "Give the page that people should arrive at."},
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off"}),
    )
    label = forms.CharField(
        label="Your name for it",
        required=False,
        max_length=100,
        help_text="Only you and the program see it, e.g. “Newsletter, spring”.",
    )
    key = forms.CharField(
        label="Ending of the link",
        required=False,
        max_length=80,
        help_text="3 to 40 small letters, digits and hyphens. Leave it empty and we choose one.",
        widget=forms.TextInput({"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: object, hosts: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["destination"].help_text = _where_to(hosts)


def _where_to(hosts: list[str]) -> str:
    if not hosts:
        return "The program has not yet said which websites links may lead to. Ask the program team."
    return f"A page on {' or '.join(hosts)}, e.g. https://{hosts[0]}/"


def new_link(request: PartnerRequest) -> HttpResponse:
    """Ask where a new link leads; make it."""
    hosts = list(request.program.allowed_hosts)
    start = {"destination": selectors.usual_destination(request.program, request.partner)}
    form = LinkForm(request.POST or None, hosts=hosts, initial=start)
    if request.method == "POST" and form.is_valid():
        link = _create(request, form)
        if link:
            messages.success(request, "Your link is ready to share.")
            return redirect("portal:link", request.program.slug, link.public_id)
    prefix = link_address(request.program.slug, "").partition("//")[2]
    context = {"form": form, "prefix": prefix, "section": "share"}
    return render(request, "portal/link_new.html", context, status=422 if form.errors else 200)


def _create(request: PartnerRequest, form: LinkForm) -> Link | None:
    answers = form.cleaned_data
    try:
        return create_link(
            request.program,
            request.partner,
            key=answers["key"],
            destination=answers["destination"],
            label=answers["label"],
            actor=actor_of(request),
        )
    except DomainError as refusal:
        show_refusal(form, refusal)
        return None


def link(request: PartnerRequest, link: str) -> HttpResponse:
    """One link with everything needed to share it."""
    sheet = _sheet(request, find_own(request, Link, link))
    context = {
        "sheet": sheet,
        "qr": qr_inline(sheet.qr_address),
        "texts": ready_texts(request.program, sheet.address),
        "visits": all_clicks(sheet.link),
        "found": clicks_of(request.program, link=sheet.link, now=timezone.now()),
        "disclosure": disclosure_of(request.program),
        "section": "share",
    }
    return render(request, "portal/link.html", context)


def clicks_chart(request: PartnerRequest) -> HttpResponse:
    """The drawing of all my clicks alone: the first of a process takes a second."""
    return _drawn(request, clicks_of(request.program, partner=request.partner, now=timezone.now()))


def link_chart(request: PartnerRequest, link: str) -> HttpResponse:
    """The drawing of one link's clicks alone."""
    return _drawn(request, clicks_of(request.program, link=find_own(request, Link, link), now=timezone.now()))


def _drawn(request: PartnerRequest, found: Clicks) -> HttpResponse:
    return render(request, "parts/drawing.html", clicks_drawing(found))


def link_qr(request: PartnerRequest, link: str, kind: str) -> HttpResponse:
    """The QR picture of a link as a file."""
    sheet = _sheet(request, find_own(request, Link, link))
    return qr_file(sheet.qr_address, kind, f"qr-{sheet.link.key}")


def link_print(request: PartnerRequest, link: str) -> HttpResponse:
    """A sheet of paper with the QR picture, the address and the disclosure."""
    sheet = _sheet(request, find_own(request, Link, link))
    context = {"sheet": sheet, "qr": qr_inline(sheet.qr_address), "disclosure": disclosure_of(request.program)}
    return render(request, "portal/link_print.html", context)


def code_qr(request: PartnerRequest, code: str, kind: str) -> HttpResponse:
    """The QR picture of a code, for a scanner at the till: it holds the code itself."""
    own = find_own(request, Code, code)
    return qr_file(own.key, kind, f"qr-code-{own.key}")
