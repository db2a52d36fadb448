"""How a refusal of a service becomes errors of a form."""

from django import forms

from goodword.domain.errors import DomainError, InvalidInput


def show_refusal(form: forms.Form, refusal: DomainError) -> None:
    """Put each problem of a refusal beside the field it names, else at the top."""
    problems = refusal.problems if isinstance(refusal, InvalidInput) else (refusal.problem,)
    for problem in problems:
        form.add_error(problem.field if problem.field in form.fields else None, _words(problem.message, problem.remedy))


def _words(message: str, remedy: str) -> str:
    parts = [part.strip().rstrip(".") for part in (message, remedy)]
    return " ".join(f"{_begun(part)}." for part in parts if part)


def _begun(part: str) -> str:
    # `evil.example is not a host of this program`: what was typed is quoted as it was typed.
    return part if "." in part.partition(" ")[0] else part[:1].upper() + part[1:]
