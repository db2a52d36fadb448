"""The settings of the program, and the outbox where letters can be read."""

from django.conf import settings as server
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse

from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.accounts.programs import change_program, pause_program, resume_program
from goodword.accounts.selectors import team_of
from goodword.backoffice.decisions import Decision, decide
from goodword.backoffice.refusals import form_page
from goodword.backoffice.settings_forms import ProgramForm
from goodword.domain.errors import DomainError
from goodword.insights.csv import csv_response
from goodword.insights.listing import Column, Listing, listing, searched
from goodword.insights.refusals import show_refusal
from goodword.mail.models import Mail
from goodword.partners.models import PartnerUser


def _go(request: StaffRequest, name: str) -> HttpResponse:
    return HttpResponseRedirect(reverse(f"backoffice:{name}", args=[request.program.slug]))


def settings(request: StaffRequest) -> HttpResponse:
    """What the program is set to."""
    slug = [request.program.slug]
    urls = {f"{name}_url": reverse(f"backoffice:settings-{name}", args=slug) for name in ("pause", "resume")}
    return render(request, "backoffice/settings/program.html", urls)


def edit(request: StaffRequest) -> HttpResponse:
    """Change it."""
    form = ProgramForm(request.POST or None, program=request.program, initial=ProgramForm.shown(request.program))
    if request.method == "POST" and form.is_valid():
        try:
            change_program(request.program, form.changes(), actor=actor_of(request))
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Saved.")
            return _go(request, "settings")
    return form_page(request, "backoffice/settings/program_edit.html", {"form": form})


def pause(request: StaffRequest) -> HttpResponse:
    """Make the program read-only."""
    ask = Decision(
        title="Pause the program?",
        label="Why?",
        button="Pause the program",
        done="The program is paused: it can be read, not changed.",
        back=reverse("backoffice:settings", args=[request.program.slug]),
        optional=True,
    )
    return decide(request, ask, lambda reason: pause_program(request.program, reason=reason, actor=actor_of(request)))


def resume(request: StaffRequest) -> HttpResponse:
    """Open it again."""
    resume_program(request.program, actor=actor_of(request))
    messages.success(request, "The program is live again.")
    return _go(request, "settings")


LETTER_COLUMNS = (
    Column("Subject", sort="subject"),
    Column("To", sort="to"),
    Column("Written", sort="written"),
    Column("State"),
)
LETTER_ORDERS = {"subject": ("subject", "id"), "to": ("to", "id"), "written": ("id",)}


def outbox(request: StaffRequest) -> HttpResponse:
    """Every letter of the program, newest first."""
    found = _found(request)
    sends = bool(server.EMAIL_HOST) and not request.program.is_demo
    context = {"page": found.page, "heads": found.heads, "sends": sends, "words": found.text}
    return render(request, "backoffice/settings/outbox.html", context)


def outbox_csv(request: StaffRequest) -> StreamingHttpResponse:
    """The same list as a file, without what the letters say."""
    header = ("subject", "to", "written", "sent", "given up", "attempts")
    rows = (
        (
            letter.subject,
            letter.to,
            letter.created_at,
            letter.sent_at,
            "yes" if letter.given_up else "",
            letter.attempts,
        )
        for letter in _found(request).ordered.iterator(chunk_size=500)
    )
    return csv_response(f"{request.program.slug}-letters", header, rows)


def _found(request: StaffRequest) -> Listing:
    """The letters that fit what is searched for."""
    letters = _letters(request)
    if words := searched(request):
        letters = letters.filter(Q(to__icontains=words) | Q(subject__icontains=words))
    return listing(request, letters, columns=LETTER_COLUMNS, orders=LETTER_ORDERS, default="-written", count=False)


def outbox_letter(request: StaffRequest, letter: str) -> HttpResponse:
    """One letter as it was written."""
    is_number = letter.isascii() and letter.isdecimal() and len(letter) < 18
    found = _letters(request).filter(pk=int(letter)).first() if is_number else None
    if found is None:
        raise Http404
    hidden = found.personal and request.role != "owner"
    return render(request, "backoffice/settings/letter.html", {"letter": found, "hidden": hidden})


def _letters(request: StaffRequest) -> QuerySet[Mail]:
    """The program's letters. Where no server sends them, an owner also finds what waits for its people to sign in."""
    ours = Q(program=request.program)
    if not server.EMAIL_HOST and request.role == "owner":
        ours |= Q(program=None, to__in=_people(request))
    return Mail.objects.filter(ours)


def _people(request: StaffRequest) -> list[str]:
    team = team_of(request.program).values_list("user__email", flat=True)
    seats = PartnerUser.objects.filter(ended_at=None).values_list("user__email", flat=True)
    return [*team, *seats]
