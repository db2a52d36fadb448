"""How a page answers a refused write: its form again, or a message. The words are those of `insights.refusals`."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from goodword.domain.errors import DomainError
from goodword.insights.refusals import sentence, show_refusal

T = TypeVar("T")


def tried(form: forms.Form, write: Callable[[], T], **renamed: str) -> T | None:
    """What the service answers, or None with its problems put beside the form's fields.

    `renamed` maps a field of the service to the form's, where the names differ.
    """
    try:
        return write()
    except DomainError as refused:
        show_refusal(form, refused, **renamed)
        return None


def told(request: HttpRequest, write: Callable[[], Any], done: str) -> bool:
    """Run a write that has no form of its own: say that it is done, or why not."""
    try:
        write()
    except DomainError as refused:
        for problem in refused.problems:
            messages.error(request, sentence(problem))
        return False
    messages.success(request, done)
    return True


def form_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The page of a form: 422 when what was typed is refused, so that programs see it too."""
    return render(request, template, context, status=422 if context["form"].errors else 200)
