"""Refusals that only stored facts can cause: the same id with other content, or one id twice in one batch."""

from goodword.domain.errors import InvalidInput


class IdempotencyMismatch(InvalidInput):
    """An id was recorded before with other content. Facts are never edited: a correction is a new fact."""

    code = "idempotency_mismatch"
