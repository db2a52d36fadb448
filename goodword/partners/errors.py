"""Refusals of this package, as facts."""

from goodword.domain.errors import DomainError


class AgreementsOverlap(DomainError):
    """A partner would stand under two agreements at once."""

    code = "overlapping_agreements"


class AgreementNotInForce(DomainError):
    """The agreement has ended already, or had not begun then."""

    code = "agreement_not_in_force"


class AlreadyApplied(DomainError):
    """An application with this address waits for a decision."""

    code = "already_applied"


class ExternalIdTaken(DomainError):
    """Another partner of the program has this number."""

    code = "external_id_taken"


class KeyTaken(DomainError):
    """Terms or a group with this key exist already."""

    code = "key_taken"


class NoDefaultTerms(DomainError):
    """The program has no published default terms, so nobody can be put on them."""

    code = "no_default_terms"


class OwnAncestor(DomainError):
    """A partner would be its own recruiter."""

    code = "own_ancestor"


class EffectiveInThePast(DomainError):
    """New terms would begin before now."""

    code = "effective_in_the_past"


class SameTerms(DomainError):
    """The new version says what the last one says."""

    code = "same_terms"


class SecondPersonNeeded(DomainError):
    """Rates over 100% are published by two people."""

    code = "second_person_needed"


class DraftChanged(DomainError):
    """The draft is no longer what the second person was shown."""

    code = "draft_changed"
