"""The terms editor: write the next version as a form or a document, look at what it means, keep it, publish it.

One address takes all of it; `do` says which button was pressed. Only `publish`, `save`, `ask` and `drop` write.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.partner_views import first_instant
from goodword.backoffice.terms_editor import Editor
from goodword.backoffice.terms_forms import CONDITIONS
from goodword.backoffice.terms_preview import Preview, first_samples, preview_of, with_effect
from goodword.domain.errors import DomainError, Problem
from goodword.domain.terms_starts import STARTS, start_document
from goodword.insights.refusals import sentence
from goodword.insights.terms import credit_of, sentences_of
from goodword.partners import services
from goodword.partners.drafts import ask_second_person, drop_draft, publish_draft, save_draft
from goodword.partners.models import Agreement, Terms, TermsDraft, TermsVersion
from goodword.partners.selectors import latest_version
from goodword.partners.terms_check import content_hash

_ROWS = ("add", "remove", "up", "down")
_PARTS = {"preview-part": "backoffice/terms/preview.html", "effect-part": "backoffice/terms/effect.html"}


def terms_publish(request: StaffRequest, terms: str) -> HttpResponse:
    """The editor. Opened, it shows the draft that was kept, else the last version, else a choice of beginnings."""
    one = access.find(Terms, terms)
    if request.method != "POST":
        return _opened(request, one)
    do, _, path = request.POST.get("do", "").partition(":")
    editor = Editor(request.program, _typed(request))
    if do in _ROWS:
        goal = editor.change(do, path[:200], request.POST.get(f"{path[:200]}-new", ""))
        return _page(request, one, editor, goal=goal)
    if do in _PARTS:
        return _part(request, one, editor, do)
    if do == "edit":
        return _page(request, one, editor)
    if do == "drop":
        drop_draft(one)
        messages.success(request, "The draft is thrown away.")
        return redirect("backoffice:terms", request.program.slug, one.public_id)
    if do == "save":
        save_draft(one, _storable(editor.typed), user=request.user, now=timezone.now())
        messages.success(request, "The draft is kept. It binds nobody until it is published.")
        return redirect("backoffice:terms-publish", request.program.slug, one.public_id)
    return _checked(request, one, editor, do)


def _checked(request: StaffRequest, one: Terms, editor: Editor, do: str) -> HttpResponse:
    """What is done only with terms that are right: look, change the view, publish, ask a second person."""
    if not editor.check(publishing=do not in {"look", "json", "form"}):
        editor.show_problems()
        return _page(request, one, editor, status=422)
    if do in {"json", "form"}:
        return _page(request, one, editor.as_json() if do == "json" else editor.as_form())
    if do == "look":
        return _page(request, one, editor, with_last_days=True)
    if do in {"publish", "ask"}:
        try:
            return _published(request, one, editor) if do == "publish" else _asked(request, one, editor)
        except DomainError as refused:
            _place(editor, refused.problems)
            return _page(request, one, editor, status=422)
    return _review(request, one, editor)


def _typed(request: StaffRequest) -> dict[str, str]:
    skipped = {"csrfmiddlewaretoken", "do"}
    typed = {name: str(request.POST[name]) for name in request.POST if name not in skipped}
    return {"begins": "new", **typed}


def _storable(typed: Mapping[str, str]) -> dict[str, str]:
    """The database takes no NUL and no half characters; what a keyboard can write passes as it is."""
    return {
        name: text.replace("\x00", "").encode("utf-8", "replace").decode()
        for name, text in typed.items()
        if "\x00" not in name and len(name) < 200
    }


def _opened(request: StaffRequest, one: Terms) -> HttpResponse:
    draft, last = _draft(one), latest_version(one)
    if draft and "start" not in request.GET:
        return _page(request, one, Editor(request.program, draft.typed))
    chosen = start_document(request.GET.get("start", ""), request.program.currency)
    document = chosen or (last.document if last else None)
    if document is None and request.GET.get("start") != "blank":
        return _beginnings(request, one)
    rest = {"note": "", "begins": "new", "effective_on": (timezone.localdate() + timedelta(days=1)).isoformat()}
    editor = Editor.of(request.program, document or {"rules": []}, rest)
    if document is None:
        editor.change("add", "rules")
    editor.sheet["samples"] = first_samples(request.program, editor.events)
    return _page(request, one, Editor(request.program, editor.typed))


def _beginnings(request: StaffRequest, one: Terms) -> HttpResponse:
    """First terms begin with something that many programs have."""
    program = request.program
    starts = [(each, sentences_of(program, start_document(each.key, program.currency))[0]) for each in STARTS]
    return render(request, "backoffice/terms/start.html", {"terms": one, "starts": starts})


def _draft(one: Terms) -> TermsDraft | None:
    return TermsDraft.objects.filter(terms=one).select_related("saved_by", "asked_by").first()


def _page(
    request: StaffRequest,
    one: Terms,
    editor: Editor,
    *,
    status: int = 200,
    goal: str = "",
    with_last_days: bool = False,
) -> HttpResponse:
    last = latest_version(one)
    problems = editor.problems
    if not problems:
        editor.check()
    preview = preview_of(editor, last, timezone.now())
    if with_last_days:
        with_effect(preview, editor, one, timezone.now())
    context = {
        "terms": one,
        "editor": editor,
        "last": last,
        "draft": _draft(one),
        "preview": preview,
        "goal": goal,
        "conditions": list(CONDITIONS.items()),
        "credit": credit_of(request.program),
    }
    return render(request, "backoffice/terms/publish.html", context, status=status)


def _part(request: StaffRequest, one: Terms, editor: Editor, do: str) -> HttpResponse:
    """A part of the page while somebody types. What is wrong is only counted there; the fields say it when asked."""
    editor.check()
    preview = preview_of(editor, latest_version(one), timezone.now())
    if do == "effect-part":
        with_effect(preview, editor, one, timezone.now())
    return render(request, _PARTS[do], {"terms": one, "editor": editor, "preview": preview})


def _review(request: StaffRequest, one: Terms, editor: Editor, status: int = 200) -> HttpResponse:
    """The last look before it counts: the whole text, what changes, what it costs, whom it moves."""
    last, now = latest_version(one), timezone.now()
    context = {
        "terms": one,
        "editor": editor,
        "last": last,
        "number": last.number + 1 if last else 1,
        "preview": with_effect(preview_of(editor, last, now), editor, one, now),
        "effective_on": _day(editor),
        "affected": _affected(one) if _day(editor) else 0,
        "typed": editor.typed,
        "draft": _draft(one),
    }
    return render(request, "backoffice/terms/review.html", context, status=status)


def _day(editor: Editor) -> date | None:
    """The day on which partners move; None: they stay."""
    if editor.sheet.get("begins") != "day":
        return None
    return date.fromisoformat(editor.sheet["effective_on"].strip())


def _affected(one: Terms) -> int:
    """How many partners stand on these terms and would move."""
    live = Q(ends_at=None) | Q(ends_at__gt=timezone.now())
    rows = Agreement.objects.filter(live, terms_version__terms=one).exclude(ends_at=F("starts_at"))
    return rows.values("partner").distinct().count()


def _content(request: StaffRequest, editor: Editor) -> dict[str, Any]:
    day = _day(editor)
    return {
        "document": editor.document,
        "note": editor.sheet["note"].strip(),
        "actor": actor_of(request),
        "now": timezone.now(),
        "effective_at": first_instant(request, day) if day else None,
    }


def _published(request: StaffRequest, one: Terms, editor: Editor) -> HttpResponse:
    content = _content(request, editor)
    made = services.publish_terms_version(request.program, one, published_by=request.user, **content)
    drop_draft(one)
    return _told(request, one, made)


def _told(request: StaffRequest, one: Terms, made: TermsVersion) -> HttpResponse:
    messages.success(request, f"{one.name}, version {made.number} is published.")
    return redirect("backoffice:terms", request.program.slug, one.public_id)


def _asked(request: StaffRequest, one: Terms, editor: Editor) -> HttpResponse:
    ask_second_person(
        request.program,
        one,
        _storable(editor.typed),
        document=editor.document,
        user=request.user,
        actor=actor_of(request),
        now=timezone.now(),
    )
    messages.success(request, "Kept. Another manager or owner has to publish it; they find it on this page.")
    return redirect("backoffice:terms", request.program.slug, one.public_id)


def _place(editor: Editor, problems: tuple[Problem, ...]) -> None:
    """A refusal of the service: the moment belongs to the day's field, the rest to the page."""
    names = {"effective_at": "effective_on", "note": "note"}
    editor.problems = [
        Problem(each.code, each.message, names.get(each.field, ""), each.value, each.remedy) for each in problems
    ]
    editor.show_problems()


def terms_approve(request: StaffRequest, terms: str) -> HttpResponse:
    """The second person publishes what waits for them, exactly as they were shown it."""
    one = access.find(Terms, terms)
    draft = _draft(one)
    editor = Editor(request.program, draft.typed if draft else {})
    if draft is None or not editor.check(publishing=True) or content_hash(editor.document) != request.POST.get("hash"):
        messages.error(request, "The draft has changed since you opened it. Look at it again.")
        return redirect("backoffice:terms", request.program.slug, one.public_id)
    try:
        made = publish_draft(request.program, one, user=request.user, **_content(request, editor))
    except DomainError as refused:
        for problem in refused.problems:
            messages.error(request, sentence(problem))
        return redirect("backoffice:terms-publish", request.program.slug, one.public_id)
    return _told(request, one, made)


def waiting_review(request: StaffRequest, one: Terms) -> dict[str, Any] | None:
    """What waits for a second person, as the page of the terms shows it."""
    draft = _draft(one)
    if draft is None or draft.asked_by is None:
        return None
    editor = Editor(request.program, draft.typed)
    if not editor.check(publishing=True):
        return None
    preview: Preview = preview_of(editor, latest_version(one), timezone.now())
    return {
        "draft": draft,
        "preview": preview,
        "note": editor.sheet.get("note", ""),
        "effective_on": _day(editor),
        "hash": content_hash(editor.document),
        "may_agree": draft.asked_by_id != request.user.pk,
    }
