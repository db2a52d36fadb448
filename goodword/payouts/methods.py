"""Where a partner's money goes. A change ends the old details, tells everybody, and rests before it is used."""

from datetime import datetime, timedelta

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.services import record_audit
from goodword.domain.bank_accounts import AccountKind, mask_account, tidy_account
from goodword.domain.errors import InvalidInput, Problem
from goodword.partners.models import Partner
from goodword.payouts.models import PayoutMethod
from goodword.payouts.vault import fingerprint, open_sealed, seal

COOLING_OFF = timedelta(hours=72)
"""Changed details are not paid to for this long, so that the owner of a stolen account has time to notice."""


@transaction.atomic
def set_payout_method(
    partner: Partner, *, kind: AccountKind, holder: str, account: str, actor: Actor, now: datetime
) -> PayoutMethod:
    """Store new payout details. The first details of a partner serve at once, changed ones after the cooling-off.

    Raises InvalidInput (no holder), InvalidIban or InvalidAccount.
    """
    if not 2 <= len(holder.strip()) <= 200:
        message = "Give the name on the account, 2 to 200 letters."
        raise InvalidInput([Problem(code="required", message=message, field="holder", value=holder[:40])])
    tidy = tidy_account(kind, account)
    Partner.objects.select_for_update().get(pk=partner.pk)
    old = PayoutMethod.objects.filter(partner=partner, replaced_at=None).first()
    method = PayoutMethod(
        program_id=partner.program_id,
        partner=partner,
        kind=kind,
        holder=holder.strip(),
        account_mask=mask_account(tidy),
        fingerprint=fingerprint(f"{kind} {tidy}"),
        created_at=now,
        created_by=actor.label,
        usable_from=now + COOLING_OFF if old else now,
    )
    if old and (old.fingerprint, old.holder) == (method.fingerprint, method.holder):
        return old
    if old:
        PayoutMethod.objects.filter(pk=old.pk).update(replaced_at=now)
    method.account_encrypted = seal(tidy, bound_to=str(method.pk))
    method.save(force_insert=True)
    record_audit(
        action="payout_method.changed",
        obj=partner,
        label=partner.name,
        before={"account": old.account_mask, "holder": old.holder} if old else None,
        after={
            "account": method.account_mask,
            "holder": method.holder,
            "usable_from": method.usable_from.isoformat(),
        },
        actor=actor,
    )
    return method


def account_of(method: PayoutMethod) -> str:
    """The full account, for the payout file only."""
    return open_sealed(bytes(method.account_encrypted), bound_to=str(method.pk))
