"""The command line: it is quick, and it tells only of what works."""

from tests.server.waiting import goodword, python


def test_help_lists_the_commands():
    out, _ = goodword("--help").communicate(timeout=120)
    words = "serve demo web worker database migrate doctor settle check-statement import export verify"
    assert [word for word in words.split() if f" {word} " not in out] == []


def test_help_loads_neither_django_nor_the_database_driver():
    code = "import sys, goodword.server.cli; print(sorted({'django', 'psycopg', 'granian'} & set(sys.modules)))"
    assert python(code).communicate(timeout=120)[0] == "[]\n"


def test_only_settling_loads_the_rules_and_their_compiler():
    """Loading them takes longer than all else, and most commands never settle."""
    code = """
import sys, django, goodword.server.cli
django.setup()
import goodword.server.urls, goodword.server.serving, goodword.server.migrate, goodword.commissions.tasks
import goodword.server.doctor_command, goodword.server.data_commands, goodword.commissions.verify
print(sorted({"numba", "llvmlite", "numpy", "pyarrow"} & set(sys.modules)))
"""
    out, told = python(code, DJANGO_SETTINGS_MODULE="goodword.server.settings").communicate(timeout=120)
    assert out == "[]\n", told


def test_a_wrong_word_is_answered_with_a_sentence():
    command = goodword("sreve")
    _, told = command.communicate(timeout=120)
    assert command.returncode == 2
    assert "No such command 'sreve'" in told
