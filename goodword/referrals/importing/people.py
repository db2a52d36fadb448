"""Rows that become partners or codes: judged and written one by one, through the services that the pages use."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.domain.errors import DomainError, InvalidInput, Problem
from goodword.domain.links import checked_key
from goodword.domain.moments import instant
from goodword.domain.partner_details import PartnerDetails, checked_details
from goodword.partners.models import Group, Partner, Terms, TermsVersion
from goodword.partners.selectors import default_version, latest_version
from goodword.partners.services import create_partner
from goodword.referrals.importing.verdicts import Found, Good, Verdict
from goodword.referrals.known import partners_named
from goodword.referrals.models import Code, Import
from goodword.referrals.services import create_code


@dataclass(frozen=True, slots=True)
class PartnerDoor:
    """Partners, known by the company's own number. One that is there already under this name is a duplicate."""

    program: Program
    actor: Actor
    now: datetime
    groups: dict[str, Group] = field(default_factory=dict)
    versions: dict[str, TermsVersion] = field(default_factory=dict)

    def check(self, items: Sequence[Found]) -> Verdict:
        """Judge a batch by the rules of partners."""
        self._learn()
        names = [str(item.get("id", "")) for item in items]
        known = Partner.objects.filter(external_id__in=[name for name in names if name])
        there = dict(known.values_list("external_id", "name"))
        return _verdict(items, "id", frozenset(there), lambda item: self._problems(item, there))

    def _learn(self) -> None:
        self.groups.update({group.key: group for group in Group.objects.all()})
        for terms in Terms.objects.all():
            if version := latest_version(terms):
                self.versions[terms.key] = version

    def _problems(self, item: Found, there: dict[str, str]) -> Iterator[Problem]:
        yield from _refusals(lambda: checked_details(_details(item)), rename={"external_id": "id"})
        if not item.get("id"):
            yield Problem("required", "id is missing", "id", "", "give your own number of the partner")
        name = there.get(str(item.get("id", "")))
        if name is not None and name != item.get("name"):
            yield Problem(
                "external_id_taken",
                f"partner {item['id']!r} is there already under the name {name!r}",
                "id",
                str(item["id"])[:40],
                "change it on the partner's page, or use another number",
            )
        yield from _unknown("group", item.get("group"), self.groups)
        yield from _unknown("terms", item.get("terms"), self.versions)
        if "terms" not in item and default_version(self.program) is None:
            yield Problem("required", "the program has no default terms", "terms", "", "name terms in each row")
        if "starts" in item:
            yield from _refusals(
                lambda: instant(item["starts"], self.program.timezone), field="starts", value=item["starts"]
            )

    def write(self, rows: Sequence[Good], imported_in: Import) -> None:  # noqa: ARG002 - a partner outlives its file
        """Create those that are not there; their first agreement begins with `starts`."""
        there = set(Partner.objects.values_list("external_id", flat=True))
        fresh = [row.content for row in rows if row.key not in there]
        for item in fresh:
            create_partner(
                self.program,
                _details(item),
                actor=self.actor,
                now=self.now,
                version=self.versions.get(item.get("terms", "")),
                group=self.groups.get(item.get("group", "")),
                joined_at=instant(item["starts"]) if "starts" in item else None,
            )


@dataclass(frozen=True, slots=True)
class CodeDoor:
    """Codes, known by the code itself. One that its partner has already is a duplicate."""

    program: Program
    actor: Actor

    def check(self, items: Sequence[Found]) -> Verdict:
        """Judge a batch by the rules of codes."""
        keys = [str(item.get("code", "")).lower() for item in items]
        owners = dict(Code.objects.filter(key__in=keys).values_list("key", "partner_id"))
        partners = partners_named(self.program, {str(item.get("partner", "")) for item in items})

        def problems(item: Found) -> Iterator[Problem]:
            partner = partners.get(str(item.get("partner", "")))
            if partner is None:
                given = str(item.get("partner", ""))[:40]
                yield Problem(
                    "unknown_partner", f"no partner {given!r}", "partner", given, "give a partner of this program"
                )
            key = str(item.get("code", ""))
            yield from _refusals(lambda: checked_key(key, field="code"), field="code", value=key)
            if owners.get(key.lower(), partner) != partner:
                yield Problem(
                    "code_too_similar", f"{key!r} is another partner's", "code", key[:40], "choose another code"
                )

        lowered = [{**item, "code": key} for item, key in zip(items, keys, strict=True)]
        return _verdict(lowered, "code", frozenset(owners), problems)

    def write(self, rows: Sequence[Good], imported_in: Import) -> None:  # noqa: ARG002 - a code outlives its file
        """Create those that are not there."""
        there = set(Code.objects.values_list("key", flat=True))
        fresh = [row.content for row in rows if row.key not in there]
        named = partners_named(self.program, {item["partner"] for item in fresh})
        partners = Partner.objects.in_bulk(set(named.values()))
        for item in fresh:
            partner = partners[named[item["partner"]]]
            create_code(self.program, partner, key=item["code"], offer=item.get("offer", ""), actor=self.actor)


def _details(item: Found) -> PartnerDetails:
    said = {name: str(value) for name, value in item.items()}
    return PartnerDetails(
        name=said.get("name", ""),
        contact_name=said.get("contact_name", ""),
        email=said.get("email", ""),
        website=said.get("website", ""),
        country=said.get("country", ""),
        kind=str(item.get("kind", "firm")).lower(),
        external_id=str(item.get("id", "")),
        domains=tuple(item.get("domains", ())),
    )


def _verdict(
    items: Sequence[Found], key: str, known: frozenset[str], judge: Callable[[Found], Iterator[Problem]]
) -> Verdict:
    good: list[Good] = []
    problems: dict[int, Sequence[Problem]] = {}
    for place, item in enumerate(items):
        if found := list(judge(item)):
            problems[place] = found
        else:
            good.append(Good(place, str(item[key]), _hash(item), item))
    return Verdict(good, problems, known)


def _hash(item: Found) -> str:
    return hashlib.sha256(repr(sorted(item.items())).encode()).hexdigest()


def _unknown(name: str, given: Any, known: dict[str, Any]) -> Iterator[Problem]:
    if given and given not in known:
        there = ", ".join(sorted(known)) or "none yet"
        yield Problem(f"unknown_{name}", f"no {name} {given!r}", name, str(given)[:40], f"there are: {there}")


def _refusals(
    read: Callable[[], object], *, field: str = "", value: Any = "", rename: dict[str, str] | None = None
) -> Iterator[Problem]:
    try:
        read()
    except InvalidInput as refused:
        for found in refused.problems:
            name = (rename or {}).get(found.field, found.field)
            yield Problem(found.code, found.message, name, found.value, found.remedy)
    except DomainError as refused:
        yield Problem(refused.code, refused.message, field, str(value)[:40], refused.problem.remedy)
