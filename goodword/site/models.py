"""Tables of the public pages: how often an address tried something, so that a form cannot be flooded."""

from typing import ClassVar

from django.db import models

from goodword.accounts.scope import ProgramManager


class Attempts(models.Model):
    """How often one sender tried one thing in one hour. The sender is a keyed hash: no address is stored."""

    id = models.BigAutoField(primary_key=True)
    program = models.ForeignKey("accounts.Program", on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=20)
    sender = models.CharField(max_length=64, help_text="keyed hash of the network address; empty: everybody")
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    objects: ClassVar[ProgramManager] = ProgramManager()
    unscoped = models.Manager()

    class Meta:
        default_manager_name = "objects"
        base_manager_name = "unscoped"
        constraints = [models.UniqueConstraint(fields=["program", "what", "sender", "hour"], name="attempts_per_hour")]
