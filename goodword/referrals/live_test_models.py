"""The table of test clicks: visits that a person of the team makes to see whether the site passes them on."""

from django.db import models

from goodword.accounts.models import ProgramOwned, User
from goodword.domain.ids import public_id
from goodword.partners.models import Partner


class LiveTest(ProgramOwned):
    """A click that never counts. It stands apart from all clicks, so it can reach no figure, touch or settlement.

    Its click id is made as any other and names `visitor`: a customer who comes with it carries that browser, and
    nothing else ever does.
    """

    id_kind = "live_test"
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    link = models.ForeignKey("referrals.Link", on_delete=models.PROTECT, related_name="+")
    visitor = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["program", "-started_at"], name="live_test_latest")]

    @property
    def click(self) -> str:
        """The click id, as the site gets it in gw_click."""
        return public_id("touch", self.pk)
