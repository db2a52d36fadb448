"""The demo's money: settled as of the first payout and of now, paid once, partly held, ready to pay again."""

from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal

from schwifty import IBAN

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program, User
from goodword.accounts.scope import active_program
from goodword.commissions.models import Line
from goodword.commissions.services import place_hold, settle_program
from goodword.mail.services import read_trails
from goodword.partners.models import Partner
from goodword.payouts.methods import set_payout_method
from goodword.payouts.models import PayoutRun
from goodword.payouts.services import approve_run, confirm_payouts, export_run, prepare_run
from goodword.referrals.models import Conversion
from goodword.server.demo import people, stage
from goodword.server.demo.loading import Load
from goodword.server.demo.simulation import SEED

CURRENCY: Final = "USD"
_WITHOUT_METHOD: Final = ("P031", "P044", "P053")
_HELD: Final = "P012"
_IBAN_COUNTRIES: Final = frozenset(
    ("AT", "BE", "CH", "DE", "DK", "ES", "FR", "GB", "IE", "IT", "NL", "NO", "PL", "PT", "SE")
)


def settle_and_pay(work: Load, program: Program) -> None:
    """The books as of now: settled, with a run paid five weeks ago, some money held, and a run that waits.

    Each part is left alone when it is there already, so an interrupted demo goes on where it was.
    """
    with active_program(program):
        team = {key: User.objects.get(email=login.email) for key, login in people.LOGINS.items()}
        if not PayoutRun.objects.exists():
            _settle(work, program, work.calendar.first_payout, "Settle as of the first payout")
            _payout_methods(work, program)
            _pay(program, team["manager"], team["finance"], work.calendar.first_payout)
        _settle(work, program, work.now, "Settle as of now")
        if PayoutRun.objects.count() == 1:
            _hold(team["manager"], work.now)
            user = team["manager"]
            prepare_run(program, CURRENCY, user=user, actor=stage.actor_of_person(user), now=work.now)
    read_trails()


def _settle(work: Load, program: Program, now: datetime, title: str) -> None:
    total = Conversion.objects.filter(retracted_at=None, at__lte=now).count()
    with work.step(title, total) as watcher:
        settle_program(program, now=now, watch=watcher.part)
        watcher.reach(total)


def _payout_methods(work: Load, program: Program) -> None:
    """Most partners have said where their money goes; three have not."""
    for partner in Partner.objects.filter(program=program).exclude(external_id__in=_WITHOUT_METHOD):
        kind, account = _account(partner)
        actor = Actor("partner", partner.public_id, partner.contact_name)
        holder = partner.name if partner.kind == "firm" else partner.contact_name
        set_payout_method(partner, kind=kind, holder=holder, account=account, actor=actor, now=work.calendar.begin)


def _account(partner: Partner) -> tuple[Literal["iban", "account"], str]:
    random = Random(f"{SEED} account {partner.external_id}")  # noqa: S311 - a story, no secret
    if partner.country in _IBAN_COUNTRIES:
        return "iban", str(IBAN.random(country_code=partner.country, random=random))
    return "account", f"{random.randrange(10**8, 10**9):09d} / {random.randrange(10**9, 10**10)}"


def _pay(program: Program, prepares: User, approves: User, at: datetime) -> None:
    """One run from the first step to the last: one person prepares it, another approves, sends and confirms."""
    first, second = stage.actor_of_person(prepares), stage.actor_of_person(approves)
    run = prepare_run(program, CURRENCY, user=prepares, actor=first, now=at)
    run = approve_run(run, user=approves, actor=second, now=at + timedelta(hours=3))
    run = export_run(run, user=approves, actor=second, now=at + timedelta(hours=4))
    confirm_payouts(run, run.payouts.values_list("pk", flat=True), actor=second, now=at + timedelta(days=2))


def _hold(user: User, now: datetime) -> None:
    """One partner is looked into as a whole, three lines on their own."""
    actor = stage.actor_of_person(user)
    partner = Partner.objects.get(external_id=_HELD)
    place_hold(
        partner, reason="Eleven orders to one address; asked the partner about it", user=user, actor=actor, now=now
    )
    for number in ("P001", "P002", "P005"):
        line = Line.objects.filter(partner__external_id=number, matures_at__gt=now, amount_minor__gt=0).first()
        if line is not None:
            reason = "The customer wrote that nobody sent them"
            place_hold(line.partner, line=line.line, reason=reason, user=user, actor=actor, now=now)
