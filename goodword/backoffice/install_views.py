"""The installation page: asks what the site is like, shows the steps that fit, and looks at what has really arrived."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from goodword.accounts.access import StaffRequest
from goodword.accounts.keys import publishable_text
from goodword.accounts.models import ApiKey, Program
from goodword.backoffice import install_checks as checks
from goodword.backoffice import install_examples as examples
from goodword.backoffice.install_checks import Check
from goodword.backoffice.install_examples import Example
from goodword.referrals.models import Link

SITES: Final = {
    "own": ("Our own server", "You can change the code that takes orders."),
    "builder": ("A site builder", "You can paste a tag, and forms go to a tool of theirs."),
    "stripe": ("Stripe", "People pay through Stripe Checkout, payment links or invoices."),
    "woocommerce": ("WooCommerce", "A WordPress shop."),
    "shopify": ("Shopify", "A Shopify shop."),
}
_SHOPS: Final = frozenset({"woocommerce", "shopify"})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: why, what to copy, and whether it has worked."""

    key: str
    title: str
    text: str
    check: Check | None = None
    copy: Sequence[Example] = field(default_factory=list)
    place: str = ""
    action: str = ""


def install(request: StaffRequest) -> HttpResponse:
    chosen = [site for site in SITES if site in request.GET.getlist("site")]
    steps = _steps(request.program, frozenset(chosen)) if chosen else []
    checked = [step for step in steps if step.check]
    context = {
        "sites": [(key, label, about, key in chosen) for key, (label, about) in SITES.items()],
        "chosen": chosen,
        "steps": steps,
        "done": sum(step.check.done for step in checked if step.check),
        "checked": len(checked),
        "missing": next((step for step in checked if step.check and not step.check.done), None),
    }
    return render(request, "backoffice/install/page.html", context)


def _steps(program: Program, sites: frozenset[str]) -> list[Step]:
    """The steps for these sites, in the order in which a click travels."""
    makers: list[tuple[bool, Callable[[Program], Step]]] = [
        (True, _link),
        (True, _script),
        (True, _consent),
        (True, _policy),
        (bool(sites & {"own", "builder"}), _form),
        ("own" in sites, _calls),
        ("builder" in sites, _page_key),
        ("builder" in sites and "own" not in sites, _without_server),
        ("stripe" in sites, _stripe),
        *((site in sites, _shop(site)) for site in sorted(_SHOPS)),
        (True, _lead),
        (True, _sale),
        ("own" in sites, _webhooks),
    ]
    return [make(program) for fits, make in makers if fits]


def _link(program: Program) -> Step:
    link = Link.objects.filter(revoked_at=None).order_by("id").first()
    key = link.key if link else "KEY"
    text = "A partner's link leads through Goodword to your site, with the click in the address as gw_click."
    copy = [Example("A link of this program", f"{settings.BASE_URL}/r/{program.slug}/{key}")]
    return Step("link", "Links lead to your site", text, checks.link_check(program), copy)


def _script(program: Program) -> Step:
    text = "It keeps the click in one cookie of your own site. Put it on every page, or at least where links lead to."
    copy = [Example("In the head of every page", examples.script_tag(program))]
    return Step("script", "Add the script", text, checks.script_check(program), copy)


def _consent(program: Program) -> Step:
    text = (
        "Nothing is kept before your visitor agrees. Call this from your consent tool on every page. "
        "Leave data-consent out of the tag only where the law lets you set this cookie without asking."
    )
    return Step("consent", "Tell the script what the visitor decided", text, None,
                [Example("From your consent tool", examples.consent_calls())])  # fmt: skip


def _policy(program: Program) -> Step:
    text = (
        "If your site sends a content security policy, allow the script's address in it. "
        "connect-src is needed only where the tag has a key."
    )
    return Step("policy", "Content security policy", text, None, [Example("Header", examples.security_policy())])


def _form(program: Program) -> Step:
    text = "Every form of your site that is sent by POST gets the click by itself. Keep it with the customer or order."
    return Step("form", "Let forms carry the click", text, None, [Example("What happens", examples.click_field())])


def _calls(program: Program) -> Step:
    text = "Your server says who the customer is, with the click, and then what they did. The key stays on the server."
    return Step("calls", "Send customers, leads and sales", text, checks.key_check(program),
                examples.server_calls(program))  # fmt: skip


def _page_key(program: Program) -> Step:
    text = (
        "A key for web pages lets the script count direct links (?via=KEY) and tell of leads. Anybody can read it, so "
        "it may do nothing else, and leads wait until you confirm them. Sales are never taken from a page."
    )
    keys = ApiKey.objects.filter(scopes__contains=["browser"], revoked_at=None).order_by("-created_at")
    key = next((one for one in keys if one.expires_at is None or one.expires_at > timezone.now()), None)
    copy = [
        Example(
            "The tag with the key", examples.script_tag(program, publishable_text(key) if key else "gw_pub_YOUR_KEY")
        ),
        Example("When a form was sent", examples.lead_call()),
    ]
    return Step("page-key", "Let pages tell of leads", text, checks.page_check(program, key), copy)


def _without_server(program: Program) -> Step:
    text = (
        "A site builder has no place for a key. Let its form tool or an automation of yours send a signed webhook "
        "with the fields of the form, gw_click among them; or import its orders as a file."
    )
    return Step("builder", "Send the form on", text, checks.connection_check("standard")(program),
                place="connections", action="Connect a system")  # fmt: skip


def _stripe(program: Program) -> Step:
    text = (
        "Connect Stripe, and give the click to it as client_reference_id: in the address of a payment link, or when "
        "your server makes the Checkout session. Promotion codes that are named like a partner's code count too."
    )
    copy = [
        Example("Payment link", "https://buy.stripe.com/YOUR_LINK?client_reference_id=CLICK"),
        Example("Checkout session", "stripe.checkout.sessions.create({ client_reference_id: form.gw_click, … })"),
    ]
    return Step("stripe", "Connect Stripe", text, checks.connection_check("stripe")(program), copy,
                "connections", "Connect Stripe")  # fmt: skip


def _shop(site: str) -> Callable[[Program], Step]:
    label = SITES[site][0]
    where = {
        "woocommerce": "in WordPress under WooCommerce, Settings, Advanced, Webhooks",
        "shopify": "in Shopify under Settings, Notifications, Webhooks",
    }[site]

    def step(program: Program) -> Step:
        text = f"Make a connection here, then enter its address and secret {where}. Coupons named like a code count."
        return Step(site, f"Connect {label}", text, checks.connection_check(site)(program), (), "connections",
                    f"Connect {label}")  # fmt: skip

    return step


def _lead(program: Program) -> Step:
    text = "A sign-up, a request, a meeting: whatever your terms pay for before a sale."
    return Step("lead", "The first lead", text, checks.lead_check(program))


def _sale(program: Program) -> Step:
    text = "With it the program works: it is credited to a partner, or says why not."
    return Step("sale", "The first sale", text, checks.sale_check(program), place="conversions", action="Conversions")


def _webhooks(program: Program) -> Step:
    text = "Goodword can tell your systems what happens here by signed webhooks. Nobody needs it to get started."
    return Step("webhooks", "Be told what happens", text, checks.webhook_check(program))
