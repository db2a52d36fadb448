"""The test page of goodword.js: a small shop of a demo program, where one can watch a click become a commission.

It writes sales without a key, so it exists for programs that the demo loader made (`Program.is_demo`) and for no
other; prices are fixed here and purchases are counted, so that nobody can fill a demo either.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from goodword.accounts.access import PublicRequest
from goodword.accounts.actors import VISITOR
from goodword.accounts.form_words import PlainForm
from goodword.commissions.models import Line, Outcome
from goodword.domain.currency import decimals
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.domain.money import to_decimal
from goodword.insights.offer import window_days
from goodword.referrals.models import Conversion
from goodword.referrals.services import record_facts
from goodword.site.limits import within_limits
from goodword.site.script import script_address

PER_SENDER_MAX = 30
PER_PROGRAM_MAX = 300


@dataclass(frozen=True, slots=True)
class Article:
    """Something the demo shop sells. The price is in whole units of the program's currency."""

    key: str
    name: str
    about: str
    price: int

    def minor(self, currency: str) -> int:
        return self.price * int(10 ** decimals(currency))


ARTICLES = (
    Article("album", "One album", "A single record, posted tomorrow.", 15),
    Article("box", "Box set", "Five records and a booklet.", 60),
    Article("year", "A year of records", "One record a month, chosen for you.", 180),
)


class Checkout(PlainForm):
    """The shop's own form. `gw_click` is not in it: the script puts it there."""

    article = forms.ChoiceField(
        label="What do you take?",
        choices=[(article.key, article.name) for article in ARTICLES],
        error_messages={"required": "Choose an article.", "invalid_choice": "We do not sell that."},
    )
    gw_click = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)


def _demo_only(request: PublicRequest) -> None:
    if not request.program.is_demo:
        raise Http404


@never_cache
def landing(request: PublicRequest) -> HttpResponse:
    """Where the demo's referral links lead: the shop, with the script installed and asking for consent."""
    _demo_only(request)
    return render(request, "site/shop_landing.html", _context(request))


@never_cache
def checkout(request: PublicRequest) -> HttpResponse:
    """The shop's order form; an order becomes a sale on our side."""
    _demo_only(request)
    given = request.POST if request.method == "POST" else None
    form = Checkout(given, initial={"article": request.GET.get("article", "")})
    if given is None or not form.is_valid():
        context = _context(request) | {"form": form}
        return render(request, "site/shop_checkout.html", context, status=422 if form.errors else 200)
    now = timezone.now()
    if not within_limits(request, request.program, "shop", per_sender=PER_SENDER_MAX, in_all=PER_PROGRAM_MAX, now=now):
        form.add_error(None, "That is enough shopping for this hour: the demo shop takes a rest.")
        return render(request, "site/shop_checkout.html", _context(request) | {"form": form}, status=429)
    article = next(article for article in ARTICLES if article.key == form.cleaned_data["article"])
    sale = _sell(request, article, form.cleaned_data["gw_click"], now)
    return redirect("site:test-thanks", request.program.slug, sale)


def _sell(request: PublicRequest, article: Article, click_id: str, now: datetime) -> str:
    """What a company's server does: tell who the customer is, with the click that led to them, then the sale."""
    program, number = request.program, f"shop-{secrets.token_hex(8)}"
    # A click id stands for the browser behind it; one that is not ours names nobody and credits nobody.
    customer = {"id": number} | ({"visitors": [click_id]} if _is_click_id(click_id) else {})
    record_facts(program, "customer", [customer], source="demo", actor=VISITOR, now=now)
    sale = {
        "id": number,
        "at": now.isoformat(),
        "customer": number,
        "currency": program.currency,
        "amount": to_decimal(article.minor(program.currency), program.currency),
        "product": article.name,
    }
    record_facts(program, "sale", [sale], source="demo", actor=VISITOR, now=now)
    return number


def _is_click_id(text: str) -> bool:
    try:
        parse_public_id("touch", text)
    except MalformedId:
        return False
    return True


@never_cache
def thanks(request: PublicRequest, sale: str) -> HttpResponse:
    """The thanks, and what became of the sale: it fills in as the worker settles it."""
    _demo_only(request)
    context = _context(request) | _progress(sale)
    template = "site/shop_progress.html" if request.headers.get("HX-Request") else "site/shop_thanks.html"
    return render(request, template, context)


def _progress(sale: str) -> dict[str, object]:
    found = Conversion.objects.filter(external_id=sale, source="demo", external_id__startswith="shop-").first()
    if found is None:
        raise Http404
    lines = list(Line.objects.filter(conversion=sale).select_related("partner"))
    outcome = Outcome.objects.filter(conversion=sale).first()
    return {"sale": found, "lines": lines, "outcome": outcome, "settled": bool(lines or outcome)}


def _context(request: PublicRequest) -> dict[str, object]:
    currency = request.program.currency
    return {
        "articles": [{"article": article, "minor": article.minor(currency)} for article in ARTICLES],
        "script": script_address(),
        "window_days": window_days(request.program),
    }
