"""The command line: it is quick, and it tells only of what works."""

from tests.server.waiting import goodword, python


def test_help_lists_the_commands():
    out, _ = goodword("--help").communicate(timeout=120)
    words = "serve demo web worker database migrate doctor settle import export verify"
    assert [word for word in words.split() if f" {word} " not in out] == []


def test_help_loads_neither_django_nor_the_database_driver():
    code = "import sys, goodword.server.cli; print(sorted({'django', 'psycopg', 'granian'} & set(sys.modules)))"
    assert python(code).communicate(timeout=120)[0] == "[]\n"


def test_a_wrong_word_is_answered_with_a_sentence():
    command = goodword("sreve")
    _, told = command.communicate(timeout=120)
    assert command.returncode == 2
    assert "No such command 'sreve'" in told
