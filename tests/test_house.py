"""The rules of the house that a machine can keep: sizes, names, words and what may lie in the repository."""

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES_ASK, FUNCTION_LINES_MAX = 40, 70
FILE_LINES_ASK, FILE_LINES_MAX = 400, 800
# What is longer than one asks for today, and how long it is. A number may only fall; a new entry needs a reason in its
# commit message. Tables of cases make tests long: for those only the limits count.
LONG_FILES: dict[str, int] = {
    "goodword/domain/check_statement.py": 539,  # handed out alone, so it is one file
}
LONG_FUNCTIONS: dict[str, int] = {
    "goodword/domain/settlement/rules/attribution.py:_weigh": 43,
    "goodword/domain/settlement/rules/components.py:find_components": 53,
    "goodword/domain/settlement/rules/prepare.py:prepare": 52,
    "goodword/domain/settlement/rules/prepared.py:put_together": 42,
    "goodword/domain/settlement/rules/recruits.py:_override": 48,
    "goodword/partners/agreements.py:publish_terms_version": 50,
    "goodword/partners/services.py:submit_application": 41,
    "goodword/payouts/methods.py:set_payout_method": 43,
    "goodword/server/demo/files.py:write_files": 49,
}

FORBIDDEN_MODULES = {"utils", "util", "common", "base", "manager", "managers", "helpers", "misc", "signals"}
# Fonts, archives and compiled or minified code are somebody else's work: it comes from a package, never from here.
FORBIDDEN_SUFFIXES = (
    ".woff", ".woff2", ".ttf", ".otf", ".eot", ".min.js", ".min.css", ".map", ".so", ".whl", ".jar", ".zip", ".gz",
)  # fmt: skip
# Pictures are ours alone: screenshots of the product in docs/images/, and icons drawn by hand as SVG.
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico")
FILE_BYTES_MAX = 400_000
LARGE_DATA = ("goodword/server/data/cdnow.txt",)
_HOSTS = (
    "py|pi.org",
    "python|hosted.org",
    "regis|try.npmjs",
    "npm|js.org",
    "crates|.io",
    "proxy.go|lang",
    "deb.de|bian.org",
)
# Written in two parts each, so that this file does not name what it forbids.
REGISTRIES = re.compile(
    "|".join(
        [
            *(re.escape(host.replace("|", "")) for host in _HOSTS),
            "extra-index" + "-url",
            "--index" + "-url",
            "find-" + "links",
        ]
    ),
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+)/[\w.]")
TEXT = re.compile(
    r"\.(py|md|toml|txt|html|css|js|sh|sql|json|csv|svg|yml|yaml)$|(^|/)(run\.sh|\.ci/run|LICENSE|\.gitignore)$"
)


@cache
def tracked() -> list[str]:
    """Every file of the repository as git sees it, with those that are new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted(name for name in set(listed) if name and (ROOT / name).is_file())


def python_files(*folders: str) -> list[str]:
    return [name for name in tracked() if name.endswith(".py") and name.startswith(tuple(f"{one}/" for one in folders))]


def code_files() -> list[str]:
    return [name for name in python_files("goodword", "tests", "bench", "campaigns") if "/migrations/" not in name]


@cache
def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def functions(name: str):
    """Every function of a file as (name, lines)."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name}:{node.name}", node.end_lineno - node.lineno + 1


def too_long(sizes: dict[str, int], ask: int, limit: int, known: dict[str, int]) -> list[str]:
    """What is over the limit, or over the number that one asks at and not known at that length."""
    bound = {name: limit if name.startswith("tests/") else min(known.get(name, ask), limit) for name in sizes}
    return [f"{name} has {lines} lines" for name, lines in sizes.items() if lines > bound[name]]


def test_no_file_grows_long():
    sizes = {name: len(text_of(name).splitlines()) for name in code_files()}
    assert too_long(sizes, FILE_LINES_ASK, FILE_LINES_MAX, LONG_FILES) == []


def test_no_function_grows_long():
    sizes: dict[str, int] = {}
    for name in code_files():
        for function, lines in functions(name):
            sizes[function] = max(lines, sizes.get(function, 0))
    assert too_long(sizes, FUNCTION_LINES_ASK, FUNCTION_LINES_MAX, LONG_FUNCTIONS) == []


def test_the_ratchet_sees_growth():
    assert too_long({"a": 41}, 40, 70, {}) == ["a has 41 lines"]
    assert too_long({"a": 41}, 40, 70, {"a": 41}) == []
    assert too_long({"a": 71}, 40, 70, {"a": 71}) == ["a has 71 lines"]


def test_every_module_says_what_lives_in_it():
    silent = [
        name
        for name in python_files("goodword", "bench", "campaigns")
        if "/migrations/" not in name and text_of(name).strip() and not ast.get_docstring(tree(name))
    ]
    assert silent == []


def test_every_public_name_of_the_domain_is_explained():
    silent = [
        f"{name}:{node.name}"
        for name in python_files("goodword/domain")
        for node in tree(name).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_module_has_a_name_that_says_nothing():
    assert [name for name in python_files("goodword") if Path(name).stem in FORBIDDEN_MODULES] == []


def test_nothing_happens_behind_the_back_of_a_write():
    """No signals, no custom `save`: what a write does stands in its service."""
    found = []
    for name in python_files("goodword"):
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                ("django.db.models.signals", "django.dispatch")
            ):
                found.append(f"{name} imports {node.module}")
            if isinstance(node, ast.ClassDef) and "/models.py" in name:
                found += [
                    f"{name}:{node.name}.save"
                    for one in node.body
                    if isinstance(one, ast.FunctionDef) and one.name == "save"
                ]
    assert found == []


def test_the_repository_holds_nobody_elses_files():
    foreign = [name for name in tracked() if name.endswith(FORBIDDEN_SUFFIXES)]
    pictures = [name for name in tracked() if name.endswith(PICTURE_SUFFIXES) and not name.startswith("docs/images/")]
    assert foreign + pictures == []


def test_no_file_is_large_but_the_demo_data():
    large = [
        name
        for name in tracked()
        if (ROOT / name).stat().st_size > FILE_BYTES_MAX and not name.startswith((*LARGE_DATA, "docs/images/"))
    ]
    assert large == []


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["registry", "machine path"])
def test_no_file_names_a_registry_or_a_path_of_one_machine(pattern):
    ours = "tests/test_house.py"
    found = [
        f"{name}: {hit[0]}"
        for name in tracked()
        if TEXT.search(name) and name != ours
        for hit in [pattern.search(text_of(name))]
        if hit
    ]
    assert found == []


def test_the_patterns_find_what_they_are_for():
    assert REGISTRIES.search("pip install --index-url x")
    assert MACHINE_PATHS.search('open("/home/alice/goodword/x")')
    assert not MACHINE_PATHS.search("https://example.com/home/alice/x")


def test_every_package_is_pinned_to_one_version():
    lines = text_of("constraints.txt").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", line)] == []
    pinned = {_normal(line.split("==")[0]) for line in lines}
    assert sorted(_requirements() - pinned) == []


def _requirements() -> set[str]:
    """The packages that pyproject.toml asks for."""
    project = tomllib.loads(text_of("pyproject.toml"))
    asked = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    return {_normal(re.match(r"[A-Za-z0-9._-]+", one)[0]) for one in asked}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_shell_commands_are_documented():
    usage = subprocess.run(["bash", str(ROOT / "run.sh")], capture_output=True, text=True, check=True).stdout
    for verb in ("install", "demo", "serve", "test", "check", "fmt", "bench", "campaign"):
        assert f"./run.sh {verb}" in usage
    assert "run.sh test" in text_of(".ci/run")
