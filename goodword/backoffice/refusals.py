"""How a refusal of a service is shown: beside the field it names, else above the form, else as a message."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from goodword.domain.errors import DomainError, InvalidInput, Problem

T = TypeVar("T")


def sentence(problem: Problem) -> str:
    """What is wrong and what to do, as one or two sentences."""
    said, remedy = begun(problem.message), begun(problem.remedy)
    return f"{said}. {remedy}{'' if remedy.endswith('?') else '.'}" if remedy else f"{said}."


def begun(text: str) -> str:
    """A sentence with a capital; what was typed is quoted as it was typed: `evil.example is not a host ...`."""
    first = text.partition(" ")[0]
    return text if "." in first.rstrip(".") else text[:1].upper() + text[1:]


def problems_of(refused: DomainError) -> tuple[Problem, ...]:
    """All problems of a refusal."""
    return refused.problems if isinstance(refused, InvalidInput) else (refused.problem,)


def tried(form: forms.Form, write: Callable[[], T], **renamed: str) -> T | None:
    """What the service answers, or None with its problems put beside the form's fields.

    `renamed` maps a field of the service to the form's, where the names differ.
    """
    try:
        return write()
    except DomainError as refused:
        for problem in problems_of(refused):
            name = problem.field.partition(".")[0].partition("[")[0]
            field = renamed.get(name, name)
            shown = sentence(problem)
            where = f"{problem.field}: " if field in renamed.values() and problem.field != name else ""
            form.add_error(field if field in form.fields else None, where + shown)
        return None


def told(request: HttpRequest, write: Callable[[], Any], done: str) -> bool:
    """Run a write that has no form of its own: say that it is done, or why not."""
    try:
        write()
    except DomainError as refused:
        for problem in problems_of(refused):
            messages.error(request, sentence(problem))
        return False
    messages.success(request, done)
    return True


def form_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The page of a form: 422 when what was typed is refused, so that programs see it too."""
    return render(request, template, context, status=422 if context["form"].errors else 200)
