"""Operations on partners and what they agreed: partners, groups, terms and agreements."""

from dataclasses import asdict, replace
from typing import Any

from django.db.models import Max
from django.http import Http404
from django.utils import timezone
from ninja import Router

from goodword.accounts.actors import actor_of
from goodword.accounts.models import Program
from goodword.api.inputs import (
    NEW_AGREEMENT,
    NEW_GROUP,
    NEW_PARTNER,
    NEW_TERMS,
    NEW_VERSION,
    PARTNER_CHANGES,
    PARTNER_DETAILS,
    REASON,
)
from goodword.api.operations import Body, Call, Handler, Operation, by_id, serve
from goodword.api.problems import Refusal
from goodword.api.queries import Page, choice_filter, page_of, page_query, text_filter
from goodword.domain.emails import mask_email
from goodword.domain.moments import Clock, past_instant
from goodword.domain.partner_details import PartnerDetails
from goodword.objects.schemas import (
    AgreementAnswer,
    GroupAnswer,
    PartnerAnswer,
    TermsAnswer,
    TermsVersionAnswer,
    page_schema,
)
from goodword.objects.shown import agreement_shown, partner_shown
from goodword.partners.exact_json import plain_numbers
from goodword.partners.models import Agreement, Group, Partner, Terms, TermsVersion
from goodword.partners.services import (
    create_group,
    create_partner,
    create_terms,
    pause_partner,
    publish_terms_version,
    put_on_terms,
    resume_partner,
    update_partner,
)
from goodword.referrals.known import partners_named

router = Router()


def named_partner(program: Program, name: str, field: str = "partner") -> Partner:
    """The partner that a body or filter names, by public id or external_id."""
    key = partners_named(program, [name]).get(name)
    if key is None:
        raise Refusal(
            "unknown_partner",
            f"no partner {name[:40]!r}",
            field=field,
            value=name[:40],
            remedy="give a partner of this program",
        )
    return Partner.objects.select_related("group").get(pk=key)


def _group(key: str | None) -> Group | None:
    if key is None:
        return None
    group = Group.objects.filter(key=key).first()
    if group is None:
        raise Refusal(
            "unknown_group", f"no group {key[:40]!r}", field="group", value=key[:40], remedy="create it first"
        )
    return group


def _version(name: str) -> TermsVersion:
    key, _, number = name.rpartition("@")
    versions = TermsVersion.objects.select_related("terms")
    found = versions.filter(terms__key=key, number=int(number)).first() if number.isdecimal() and key else None
    if found is None:
        raise Refusal(
            "unknown_terms",
            f"no terms {name[:40]!r}",
            field="terms",
            value=name[:40],
            remedy="give key@number of a published version, such as standard@1",
        )
    return found


def _seen(request: Call, partner: Partner) -> dict[str, Any]:
    """The partner as this key may see it: one that only reads is not told how to reach people."""
    found = partner_shown(partner)
    if "manage" in request.api_key.scopes:
        return found
    masked = {"email": mask_email(partner.email) or None, "emails": [mask_email(one) for one in partner.emails]}
    return {**found, **masked}


def list_partners(request: Call) -> Page:
    """Partners, newest first."""
    asked = request.asked
    rows = Partner.objects.select_related("group")
    for name, column in (("status", "status"), ("group", "group__key"), ("external_id", "external_id")):
        if name in asked:
            rows = rows.filter(**{column: asked[name]})
    page = page_of(request, rows, order=("-id",))
    return Page([_seen(request, row) for row in page.rows], page.next)


def get_partner(request: Call) -> dict[str, Any]:
    """One partner by its public id."""
    return _seen(request, request.target)


def _details(given: dict[str, Any], known: dict[str, Any] | None = None) -> PartnerDetails:
    said = {name: given[name] or _EMPTY.get(name, "") for name in PARTNER_DETAILS if name in given}
    merged = (known or {}) | said
    for several in ("emails", "domains"):
        merged[several] = tuple(merged.get(several, ()))
    return PartnerDetails(**merged)


_EMPTY: dict[str, Any] = {"emails": (), "domains": (), "kind": "firm"}


def post_partner(request: Call) -> dict[str, Any]:
    """A new partner, on the given or the default terms."""
    given, now = request.given, timezone.now()
    partner = create_partner(
        request.program,
        _details(given),
        actor=actor_of(request),
        now=now,
        version=_version(given["terms"]) if "terms" in given else None,
        group=_group(given.get("group")),
        parent=_parent(request, given.get("parent")),
        joined_at=past_instant(given["joined_at"], Clock(now)) if "joined_at" in given else None,
    )
    return partner_shown(partner)


def _parent(request: Call, name: str | None) -> Partner | None:
    return named_partner(request.program, name, "parent") if name else None


def patch_partner(request: Call) -> dict[str, Any]:
    """Change what is known about a partner; what is not given stays, null empties."""
    partner, given = request.target, request.given
    known = {name: getattr(partner, name) for name in asdict(PartnerDetails(name=""))}
    changed = update_partner(
        partner,
        _details(given, known),
        actor=actor_of(request),
        group=_group(given["group"]) if "group" in given else partner.group,
        parent=_parent(request, given["parent"]) if "parent" in given else partner.parent,
    )
    return partner_shown(changed)


def pause(request: Call) -> dict[str, Any]:
    """Take a partner out of action."""
    return partner_shown(pause_partner(request.target, reason=request.given["reason"], actor=actor_of(request)))


def resume(request: Call) -> dict[str, Any]:
    """Put a partner back into action."""
    return partner_shown(resume_partner(request.target, actor=actor_of(request)))


def list_groups(request: Call) -> Page:
    """The groups of the program."""
    page = page_of(request, Group.objects.all(), order=("-id",))
    return Page([_group_shown(row) for row in page.rows], page.next)


def post_group(request: Call) -> dict[str, Any]:
    """A new group."""
    given = request.given
    group = create_group(
        request.program,
        key=given["key"],
        name=given["name"],
        description=given.get("description", ""),
        actor=actor_of(request),
    )
    return _group_shown(group)


def _group_shown(group: Group) -> dict[str, Any]:
    return {"id": group.public_id, "key": group.key, "name": group.name, "description": group.description or None}


def list_terms(request: Call) -> Page:
    """The sets of terms, each with the number of its latest version."""
    rows = Terms.objects.annotate(latest=Max("versions__number"))
    page = page_of(request, rows, order=("-id",))
    return Page([_terms_shown(row, row.latest) for row in page.rows], page.next)


def _terms_shown(terms: Terms, latest: int | None) -> dict[str, Any]:
    plain = {"id": terms.public_id, "key": terms.key, "name": terms.name, "is_default": terms.is_default}
    return {**plain, "latest": latest}


def post_terms(request: Call) -> dict[str, Any]:
    """A new, still empty set of terms."""
    given = request.given
    terms = create_terms(
        request.program,
        key=given["key"],
        name=given["name"],
        is_default=given.get("is_default", False),
        actor=actor_of(request),
    )
    return _terms_shown(terms, None)


def _terms(_request: Call, key: str) -> Terms:
    found = Terms.objects.filter(key=key).first()
    if found is None:
        raise Http404
    return found


def list_versions(request: Call) -> Page:
    """The published versions of some terms, newest first."""
    rows = TermsVersion.objects.filter(terms=request.target).select_related("terms")
    page = page_of(request, rows, order=("-number",))
    return Page([_version_shown(row) for row in page.rows], page.next)


def _version_of(request: Call, key: str, number: str) -> TermsVersion:
    rows = TermsVersion.objects.filter(terms=_terms(request, key)).select_related("terms")
    found = rows.filter(number=int(number)).first() if number.isdecimal() and len(number) < 10 else None
    if found is None:
        raise Http404
    return found


def get_version(request: Call) -> dict[str, Any]:
    """One published version."""
    return _version_shown(request.target)


def post_version(request: Call) -> dict[str, Any]:
    """Publish the next version of some terms."""
    given = request.given
    version = publish_terms_version(
        request.program,
        request.target,
        document=given["document"],
        note=given.get("note", ""),
        actor=actor_of(request),
        now=timezone.now(),
        effective_at=given.get("effective_at"),
    )
    return _version_shown(version)


def _version_shown(version: TermsVersion) -> dict[str, Any]:
    return {
        "id": version.public_id,
        "terms": version.terms.key,
        "number": version.number,
        "key": version.settlement_key,
        "document": plain_numbers(version.document),
        "note": version.note or None,
        "content_hash": version.content_hash,
        "published_at": version.published_at,
    }


def list_agreements(request: Call) -> Page:
    """Agreements, newest first."""
    rows = Agreement.objects.select_related("terms_version__terms")
    if "partner" in request.asked:
        rows = rows.filter(partner=named_partner(request.program, request.asked["partner"]))
    page = page_of(request, rows, order=("-id",))
    return Page([agreement_shown(row) for row in page.rows], page.next)


def get_agreement(request: Call) -> dict[str, Any]:
    """One agreement."""
    return agreement_shown(request.target)


def post_agreement(request: Call) -> dict[str, Any]:
    """Put a partner on a terms version; the agreement in force then ends at that moment."""
    given = request.given
    agreement = put_on_terms(
        named_partner(request.program, given["partner"]),
        _version(given["terms"]),
        starts_at=given["starts_at"],
        ends_at=given.get("ends_at"),
        reason=given.get("reason", ""),
        actor=actor_of(request),
    )
    return agreement_shown(agreement)


_PARTNERS = page_query(
    status=choice_filter("the partner's status", *(status for status, _ in Partner.STATUSES)),
    group=text_filter("key of a group"),
    external_id=text_filter("the company's own number"),
)
_BY_PARTNER = page_query(partner=text_filter("public id or external_id"))
_PARTNER, _AGREEMENT = by_id(Partner), by_id(Agreement)
_operations: list[tuple[Handler, Operation]] = [
    (list_partners, Operation("GET", "/partners", "list-partners", "List partners", page_schema(PartnerAnswer),
                              query=_PARTNERS)),
    (post_partner, Operation("POST", "/partners", "create-partner", "Create a partner", PartnerAnswer, 201,
                             Body(NEW_PARTNER))),
    (get_partner, Operation("GET", "/partners/{partner}", "get-partner", "Read a partner", PartnerAnswer,
                            target=_PARTNER)),
    (patch_partner, Operation("PATCH", "/partners/{partner}", "update-partner", "Change a partner", PartnerAnswer, 200,
                              Body(PARTNER_CHANGES, nulls=True), target=_PARTNER)),
    (pause, Operation("POST", "/partners/{partner}/pause", "pause-partner", "Pause a partner", PartnerAnswer, 200,
                      Body(REASON), target=_PARTNER)),
    (resume, Operation("POST", "/partners/{partner}/resume", "resume-partner", "Resume a partner", PartnerAnswer,
                       target=_PARTNER)),
    (list_groups, Operation("GET", "/groups", "list-groups", "List groups", page_schema(GroupAnswer),
                            query=page_query())),
    (post_group, Operation("POST", "/groups", "create-group", "Create a group", GroupAnswer, 201, Body(NEW_GROUP))),
    (list_terms, Operation("GET", "/terms", "list-terms", "List terms", page_schema(TermsAnswer), query=page_query())),
    (post_terms, Operation("POST", "/terms", "create-terms", "Create terms", TermsAnswer, 201, Body(NEW_TERMS))),
    (list_versions, Operation("GET", "/terms/{terms_key}/versions", "list-terms-versions",
                              "List the versions of terms", page_schema(TermsVersionAnswer), query=page_query(),
                              target=_terms)),
    (post_version, Operation("POST", "/terms/{terms_key}/versions", "publish-terms",
                             "Publish the next version of terms", TermsVersionAnswer, 201, Body(NEW_VERSION),
                             target=_terms)),
    (get_version, Operation("GET", "/terms/{terms_key}/versions/{number}", "get-terms-version",
                            "Read a version of terms", TermsVersionAnswer, target=_version_of)),
    (list_agreements, Operation("GET", "/agreements", "list-agreements", "List agreements",
                                page_schema(AgreementAnswer), query=_BY_PARTNER)),
    (post_agreement, Operation("POST", "/agreements", "start-agreement", "Put a partner on terms", AgreementAnswer,
                               201, Body(NEW_AGREEMENT))),
    (get_agreement, Operation("GET", "/agreements/{agreement}", "get-agreement", "Read an agreement", AgreementAnswer,
                              target=_AGREEMENT)),
]  # fmt: skip
for _handler, _operation in _operations:
    serve(router, replace(_operation, tags=[_operation.path.split("/")[1]]), _handler)
