"""`goodword rates`: the command around `referrals/ecb.py`."""

from collections.abc import Sequence
from datetime import date

from django.utils import timezone

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import Program
from goodword.domain.errors import DomainError
from goodword.referrals.ecb import import_reference_rates
from goodword.server.errors import OperatorError


def load_rates(slug: str, currencies: Sequence[str], since: date) -> str:
    """Record the rates and say how many; an unknown program or currency is the operator's to put right."""
    program = Program.objects.filter(slug=slug).first()
    if program is None:
        known = ", ".join(Program.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise OperatorError(f"there is no program {slug!r}; there is: {known}")
    try:
        done = import_reference_rates(program, currencies, since=since, actor=SYSTEM, now=timezone.now())
    except DomainError as refused:
        raise OperatorError(f"{refused.message}; {refused.problem.remedy}") from refused
    return f"{done.new} rates recorded, {done.duplicates} were known."
