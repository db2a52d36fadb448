"""Tables of the hot path: what changed about links, and how far a spool file was replayed. Clicks are elsewhere."""

from django.db import models


class Change(models.Model):
    """Something that the link tables in memory must hear of. Written by triggers in the same transaction.

    `batch` (the transaction's number, a column that only the database knows) lets a reader go on from where it was
    without missing what committed late. Old rows are dropped: who comes later reads everything anew.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, help_text="link, partner, program, key, or all")
    target = models.UUIDField(null=True)
    at = models.DateTimeField(auto_now_add=True)


class Spool(models.Model):
    """How far a spool file was taken into the database: moved in the transaction that stores its clicks."""

    id = models.UUIDField(primary_key=True, editable=False)
    place = models.BigIntegerField(default=0, help_text="bytes of the file that are in the database")
    moved_at = models.DateTimeField(auto_now=True)
