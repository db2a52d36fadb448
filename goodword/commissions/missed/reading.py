"""Reads of suggestions: which are open, what they say, which programs should be looked through. Never writes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from goodword.accounts.models import Program
from goodword.accounts.scope import current_program
from goodword.commissions.missed.gathering import OUTCOMES
from goodword.commissions.models import MissedCredit, MissedLook, Outcome, SettlementRun
from goodword.domain.missed_credit import STRONG, Evidence
from goodword.domain.missed_credit_words import evidence_words

SHARE_OF_TIME: Final = 20
"""A look that took a second is not repeated within so many: looking takes at most a twentieth of the time."""


def suggestions(*, state: str = "open") -> QuerySet[MissedCredit]:
    """Suggestions of the active program in one state; open ones only while their sale still credits nobody."""
    rows = MissedCredit.objects.filter(state=state).select_related("partner", "decided_by")
    if state != "open":
        return rows
    still = Outcome.objects.filter(conversion=OuterRef("conversion"), outcome__in=OUTCOMES)
    return rows.filter(Exists(still), partner__status__in=["active", "paused"])


def strong_ones() -> QuerySet[MissedCredit]:
    """What the home page counts: strong, and of customers that the program pays for by rule."""
    return suggestions().filter(strength=STRONG, known_before=False)


def is_uncredited(row: MissedCredit) -> bool:
    """Whether the sale still credits nobody."""
    return Outcome.objects.filter(conversion=row.conversion, outcome__in=OUTCOMES).exists()


def evidence_of(row: MissedCredit) -> list[Evidence]:
    """What was found, the strongest first."""
    return [Evidence(one["kind"], one["strength"], one["about"]) for one in row.evidence]


def sentences(row: MissedCredit) -> Sequence[str]:
    """What was found, in words."""
    return [evidence_words(one, row.partner.name) for one in evidence_of(row)]


def last_look() -> MissedLook | None:
    """When the active program was looked through last."""
    return MissedLook.objects.filter(program=current_program()).first()


def to_look_through(now: datetime) -> list[Program]:
    """Programs that were settled since their last look, or not looked through for a day; none too often."""
    looks = {look.program_id: look for look in MissedLook.objects.all()}
    settled = SettlementRun.unscoped.filter(program=OuterRef("pk"), finished_at__isnull=False)
    programs = Program.objects.filter(Q(Exists(settled))).order_by("pk")
    return [program for program in programs if _is_due(program, looks.get(program.pk), now)]


def _is_due(program: Program, look: MissedLook | None, now: datetime) -> bool:
    if look is None:
        return True
    if now < look.looked_at + SHARE_OF_TIME * timedelta(milliseconds=look.milliseconds):
        return False
    if now >= look.looked_at + timedelta(days=1):
        return True
    return SettlementRun.unscoped.filter(program=program, finished_at__gte=look.looked_at).exists()
