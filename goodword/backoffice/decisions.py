"""Decisions that take a reason: the dialog on a page asks; when the answer is refused, the same question as a page.

The reason that was typed stays in the field, with the error beside it. What each decision does is said by its view.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from goodword.accounts.access import StaffRequest
from goodword.accounts.form_words import PlainForm
from goodword.domain.errors import DomainError
from goodword.insights.refusals import sentence

REASON_LENGTH_MAX = 300


@dataclass(frozen=True, slots=True)
class Decision:
    """What is asked, what is said when it is done, and the page to go back to."""

    title: str
    label: str
    button: str
    done: str
    back: str
    needed: str = "Write one sentence: why?"
    optional: bool = False


class DecisionForm(PlainForm):
    """Why somebody decides so."""

    reason = forms.CharField(max_length=REASON_LENGTH_MAX, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, decision: Decision, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        field.label, field.required = decision.label, not decision.optional
        field.error_messages["required"] = decision.needed


def decide(request: StaffRequest, decision: Decision, write: Callable[[str], object]) -> HttpResponse:
    """Give the reason to the service; ask again when the reason is refused, say so when the state forbids it."""
    form = DecisionForm(request.POST, decision=decision)
    if form.is_valid() and _written(request, form, decision, write):
        return HttpResponseRedirect(decision.back)
    return render(request, "backoffice/decision.html", {"form": form, "decision": decision}, status=422)


def _written(request: StaffRequest, form: DecisionForm, decision: Decision, write: Callable[[str], object]) -> bool:
    """Whether to go back: it is done, or it cannot be done whatever the reason."""
    try:
        write(form.cleaned_data["reason"])
    except DomainError as refused:
        for problem in refused.problems:
            if problem.field == "reason":
                form.add_error("reason", sentence(problem))
            else:
                messages.error(request, sentence(problem))
        return not form.errors
    messages.success(request, decision.done)
    return True
