# ruff: noqa: E501
"""Remove each guard of the door in turn and see whether the access test notices.

`python campaigns/access_mutations.py`. Every mutant is a change of our own source, run inside this process against a part of the addresses. Prints
killed/total and exits with 1 when a mutant survives.
"""

import argparse
import importlib
import inspect
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goodword.server.settings")
# Addresses that between them meet every guard: each area, objects, forms, step-up, scopes, closed and public ones.
ADDRESSES = {
    "backoffice:team", "backoffice:team-member", "backoffice:settings-edit", "backoffice:settings-pause",
    "backoffice:partner", "portal:home", "portal:link", "portal:link-new", "api:get-partner", "api:list-sales",
    "api:create-link", "accounts:security", "account_signup", "site:program",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A guard taken away: `old` becomes `new` in a module."""

    what: str
    module: str
    old: str
    new: str


ACCESS, SELECTORS, KEYS = "goodword.accounts.access", "goodword.accounts.selectors", "goodword.accounts.keys"
MUTANTS = [
    Mutant("anonymous people pass the staff gate", ACCESS, "        return _to_sign_in(request)\n    membership,",
           "        request.user = User.objects.filter(memberships__role='owner').first()\n    membership,"),
    Mutant("anonymous people pass the portal gate", ACCESS, "        return _to_sign_in(request)\n    program =",
           "        request.user = User.objects.exclude(partner_seats=None).first()\n    program ="),
    Mutant("roles are not looked at", ACCESS, "if found.role not in granted:", "if False:"),
    Mutant("a paused program can be changed", ACCESS, 'return program.status == "paused" and', "return False and"),
    Mutant("step-up is not asked for", ACCESS, "if rule.step_up and not", "if False and not"),
    Mutant("a rejected partner goes on", ACCESS, 'if found.partner.status in ("rejected", "ended") and', "if False and"),
    Mutant("find_own forgets the partner", ACCESS,
           'return _found(model, public_id, **{through: cast("PartnerRequest", request).partner})',
           "return _found(model, public_id)"),
    Mutant("a malformed id is an error", ACCESS, "except (MalformedId, model.DoesNotExist)", "except model.DoesNotExist"),
    Mutant("scopes are not looked at", ACCESS, "if not granted & set(key.scopes):", "if False:"),
    Mutant("public pages of a paused program stay open", ACCESS,
           'if program.status == "paused" and not rule.when_paused:', "if False:"),
    Mutant("account pages open without a session", ACCESS, "if rule.signed_in and not", "if False and not"),
    Mutant("closed addresses open", ACCESS, "    raise Http404\n\n\nGATES", "    return None\n\n\nGATES"),
    Mutant("methods are not looked at", ACCESS, 'rule = rules.get(request.method or "")',
           'rule = rules.get(request.method or "") or next(iter(rules.values()))'),
    Mutant("the program is not entered", ACCESS, "membership.role\n    enter(program)", "membership.role"),
    Mutant("an ended membership counts", SELECTORS, "filter(here, user=user, ended_at=None)", "filter(here, user=user)"),
    Mutant("any membership counts everywhere", SELECTORS, "filter(here, user=user, ended_at=None)",
           "filter(user=user, ended_at=None)"),
    Mutant("a foreign program is told from no program", SELECTORS, "    if not live:\n        raise Http404",
           "    if not live:\n        raise __import__('django').core.exceptions.PermissionDenied"),
    Mutant("an ended seat counts", SELECTORS, "user.partner_seats.filter(ended_at=None)", "user.partner_seats.filter()"),
    Mutant("step-up lasts for ever", SELECTORS, "< STEP_UP_SECONDS", "< 10**12"),
    Mutant("a suspended person stays in", "django.contrib.auth.backends",
           'return getattr(user, "is_active", True)', "return True"),
    Mutant("managers see every program", "goodword.accounts.scope",
           "return super().get_queryset().filter(program_id=current_program().pk)", "return super().get_queryset()"),
    Mutant("a revoked key works", KEYS, "if key.revoked_at is not None:\n        raise", "if False:\n        raise"),
    Mutant("an expired key works", KEYS, "if key.expires_at is not None and key.expires_at <= now:\n        raise",
           "if False:\n        raise"),
    Mutant("any secret fits a key", KEYS, "if key is None or not right or", "if key is None or"),
    Mutant("forms need no token", "django.middleware.csrf", "def process_view(self, request, callback, callback_args, callback_kwargs):",
           "def process_view(self, request, callback, callback_args, callback_kwargs):\n        return None"),
]  # fmt: skip


@contextmanager
def mutated(mutant: Mutant) -> Iterator[None]:
    """The module with the guard gone: its source runs again in its own names, and everything is put back after."""
    module = importlib.import_module(mutant.module)
    source = inspect.getsource(module)
    assert source.count(mutant.old) == 1, f"{mutant.what}: found {source.count(mutant.old)} times in {mutant.module}"
    names = module.__dict__
    kept = dict(names)
    exec(compile(source.replace(mutant.old, mutant.new), str(module.__file__), "exec"), names)
    undo = [step for name, old in kept.items() for step in _share(old, names.get(name), mutant.module)]
    for name, old in kept.items():
        if inspect.isclass(old) and old.__module__ == mutant.module:
            names[name] = old
    try:
        yield
    finally:
        for owner, attribute, value in reversed(undo):
            setattr(owner, attribute, value)
        names.update(kept)


def _share(old: Any, new: Any, module: str) -> Iterator[tuple[Any, str, Any]]:
    """Give what others hold already the changed code; yields how to undo it. Unchanged methods keep their class."""
    if old is new or getattr(old, "__module__", "") != module:
        return
    if inspect.isfunction(old) and inspect.isfunction(new) and _said(old) != _said(new):
        yield old, "__code__", old.__code__
        old.__code__ = new.__code__
    elif inspect.isclass(old) and inspect.isclass(new):
        for attribute, value in vars(new).items():
            before = vars(old).get(attribute)
            both = inspect.isfunction(value) and inspect.isfunction(before)
            if both and _said(value) != _said(before):  # the very function: middleware has bound it already
                yield before, "__code__", before.__code__
                before.__code__ = value.__code__


def _said(function: Any) -> tuple[Any, ...]:
    code = function.__code__
    return code.co_code, code.co_names, tuple(const for const in code.co_consts if not inspect.iscode(const))


def checks() -> Iterator[tuple[str, Any, dict[str, str]]]:
    """Every test of the access test, walking this part of the addresses, with its arguments."""
    from tests.web import matrix, test_access

    matrix.Walk.only = ADDRESSES
    for title, test in sorted(vars(test_access).items()):
        if not title.startswith("test_"):
            continue
        marks = {mark.args[0]: mark.args[1] for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"}
        for status in marks.get("status", [None]):
            yield title, test, {"status": status} if status else {}


def noticed(world: object) -> str:
    """The first test that fails; empty when none does."""
    from django.db import transaction

    for title, test, given in checks():
        try:
            with transaction.atomic():
                wanted = {"world": world} if "world" in inspect.signature(test).parameters else {}
                test(**wanted, **given)
                transaction.set_rollback(True)
        except Exception as failure:  # noqa: BLE001  (a crash is noticed too)
            return f"{title}: {_first_fault(failure)}"
    return ""


def _first_fault(failure: Exception) -> str:
    """A walk counts its faults in the first line and tells them from the second on."""
    lines = str(failure).splitlines() or [type(failure).__name__]
    return lines[min(1, len(lines) - 1)][:110]


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only the mutants whose name holds these words")
    parser.add_argument("--seed", type=int, default=0, help="taken for the sake of the others: nothing here is random")
    parser.add_argument("--minutes", type=float, default=60, help="begin no mutant after this long")
    return parser.parse_args()


def main() -> int:
    import logging

    import django
    from django.test.utils import setup_test_environment

    wishes, began = _wishes(), time.monotonic()
    django.setup()
    setup_test_environment()
    logging.disable(logging.CRITICAL)
    from django.db import transaction

    from tests import database
    from tests.world import World

    with database.provided(ROOT, "master"), transaction.atomic():
        world = World()
        assert not (before := noticed(world)), f"fails without any mutant: {before}"
        chosen, survived = [], []
        for mutant in (mutant for mutant in MUTANTS if " ".join(wishes.words) in mutant.what):
            if time.monotonic() - began < 60 * wishes.minutes:
                chosen.append(mutant)
                survived += [] if _killed(mutant, world) else [mutant]
        transaction.set_rollback(True)
    print(f"{len(chosen) - len(survived)}/{len(chosen)} killed")
    return 1 if survived else 0


def _killed(mutant: Mutant, world: object) -> bool:
    with mutated(mutant):
        found = noticed(world)
    print(f"{'killed  ' if found else 'SURVIVED'} {mutant.what}{': ' + found if found else ''}", flush=True)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
