"""How a refusal of a service becomes words, and errors of a form. What a page answers with is the page's business."""

from django import forms

from goodword.domain.errors import DomainError, Problem


def sentence(problem: Problem) -> str:
    """What is wrong and what to do, as one or two sentences."""
    parts = (begun(part.strip().rstrip(".")) for part in (problem.message, problem.remedy))
    return " ".join(part if part.endswith("?") else f"{part}." for part in parts if part)


def begun(text: str) -> str:
    """A sentence with a capital; what was typed is quoted as it was typed: `evil.example is not a host ...`."""
    first = text.partition(" ")[0]
    return text if "." in first.rstrip(".") else text[:1].upper() + text[1:]


def show_refusal(form: forms.Form, refused: DomainError, **renamed: str) -> None:
    """Put each problem beside the field it names, else at the top.

    `renamed` maps a field of the service to the form's, where the names differ.
    """
    for problem in refused.problems:
        name = problem.field.partition(".")[0].partition("[")[0]
        field = renamed.get(name, name)
        where = f"{problem.field}: " if field in renamed.values() and problem.field != name else ""
        form.add_error(field if field in form.fields else None, where + sentence(problem))
