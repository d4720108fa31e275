"""The documents say what the code does: citations lead somewhere, generated parts are fresh, names are real."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.translation.account_row import ACCOUNT_ROW
from adapters.translation.charges import CHARGED_FIELDS
from adapters.translation.details_header import DETAILS_HEADER
from adapters.translation.log_entry import LOG_ENTRY
from adapters.translation.losses import LOSSES
from adapters.translation.options import OPTIONS
from adapters.translation.words import PATHS
from contracts.cases import load
from contracts.legacy import errors
from shim.cli import main
from shim.documents import documents
from shim.settings.loading import known_names
from tests.build.citations import EVIDENCE, broken_links, broken_sources, loose_citations, sections
from tests.build.recipe import PROJECT

PAGES = [PROJECT / "README.md", PROJECT / "ARCHITECTURE.md", PROJECT / "CHANGELOG.md", *(PROJECT / "docs").glob("*.md")]
README = (PROJECT / "README.md").read_text()
CODE = [path for folder in ("shim", "adapters", "contracts") for path in sorted((PROJECT / folder).rglob("*.py"))]
FOREIGN_NAMES = {"ZOOM_BASE_URL"}
"""Variables of legacy programs, which the README tells where to look for."""
TABLES = (ACCOUNT_ROW, DETAILS_HEADER, LOG_ENTRY, CHARGED_FIELDS)
SOURCES = {
    **{f"{table.shape.__name__}.{rule.field}": rule.source for table in TABLES for rule in table.rules},
    **{f"path {number}": rule.source for number, rule in enumerate(PATHS)},
    **{f"option {option.id}": option.source for option in OPTIONS},
    **{f"loss of {loss.what}": loss.source for loss in LOSSES},
    **{f"error {name}": row.source for name, row in vars(errors).items() if isinstance(row, errors.LegacyError)},
    **{f"case {case.id}": case.source for case in load()},
}
NOWHERE_NAMED = re.compile(
    r"(?<![\w.~$}<-])/(?:work|root)(?=/|\b)"
    r"|py(?:thonhosted|pi)\.\w|npmjs\.\w|yarnpkg\.\w|crates\.\w|rubygems\.\w|nuget\.\w|goproxy\.\w"
    r"|proxy\.golang\.\w|anaconda\.\w|maven\.(?:org|apache)|docker\.io|ghcr\.io|quay\.io"
)
"""Package registries' hosts, and paths of the machine that this is written on."""
CHECKOUT = shutil.which("git") is not None and (PROJECT / ".git").exists()


def spoken(text: str) -> Iterator[list[str]]:
    """Every command line of a document, split: those behind a prompt, and those between backticks."""
    for prompted, quoted in re.findall(r"^ *\$ (\S.*)$|`(\w[^`\n]*)`", text, re.MULTILINE):
        yield (prompted or quoted).split()


def targets_of(words: list[str]) -> set[str]:
    """The targets a `make` line names, its variables left out."""
    return {word for word in words[1:] if "=" not in word} if words[0] == "make" else set()


def command_rows() -> dict[str, set[str]]:
    """The README's table of commands, each with the options its row names."""
    table = README.partition("| command | does |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", table, re.MULTILINE)
    return {command: set(re.findall(r"`(--[\w-]+)`", does)) for command, does in rows}


def tracked_and_new() -> list[Path]:
    """The files of the checkout that git does not ignore."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [PROJECT / name for name in listed.split("\0") if name and (PROJECT / name).is_file()]


def test_the_declared_sources_stand_in_the_evidence() -> None:
    """Each rule, path, option, loss, error and case cites sections, rows and words that docs/semantics.md has."""
    broken = {where: found for where, source in SOURCES.items() if (found := broken_sources(source))}
    assert {} == broken


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("semantics 3.10 D", ["3.10"]),
        ("semantics 4.1 row 17 A", ["4.1 17"]),
        ("semantics 4.1 rows 7 and 99", ["4.1 99"]),
        ("semantics 4.1 rows 6 to 19", ["4.1 19"]),
        ("semantics 10 no. 33, 98", ["10 98"]),
        ("semantics 5.4 step 6, 3.3", ["5.4 6"]),
        ("semantics 4.1 row 7, 12", ["12"]),
        ("semantics 4.5, option no_such_option", ["option no_such_option"]),
        ("semantics 3.1 no_such_field", ["3.1 no_such_field"]),
        ("chapter 3", ["chapter 3"]),
    ],
)
def test_a_source_that_leads_nowhere_is_seen(source: str, missing: list[str]) -> None:
    """A section, a row, an item, a step, an option or a word that is not there is named."""
    assert missing == broken_sources(source)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_cites_what_there_is(path: Path) -> None:
    """Docstrings and comments cite sections and rows that docs/semantics.md has."""
    assert [] == loose_citations(path.read_text(), word="semantics")


def test_the_evidence_refers_to_itself_rightly() -> None:
    """Within docs/semantics.md every section, step and open question that is referred to exists."""
    text = EVIDENCE.read_text()
    assert [] == loose_citations(text, word="sections?")
    assert set() == set(re.findall(r"\bno\.\s(\d+)", text)) - set(sections()["10"].items)


def test_a_loose_citation_is_seen() -> None:
    """Running text may cite several sections with words between them."""
    text = "Source: semantics 3.1 (parties), 3.66 (durations), 4.1 row 20 (answered). As semantics 5.1 to 5.9 says."
    assert ["3.66", "4.1 20", "5.9"] == loose_citations(text, word="semantics")


def test_no_number_of_the_evidence_stands_twice() -> None:
    """A citation leads to one place."""
    assert [] == [number for number, section in sections().items() if len(section.items) != len(set(section.items))]


def test_the_generated_documents_are_fresh() -> None:
    """What `make documents` would write is on disk already."""
    assert [] == [path.name for path, text in documents(PROJECT).items() if path.read_text() != text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_resolve(page: Path) -> None:
    """Each relative link names a file that is there, each fragment a heading of it."""
    assert [] == broken_links(page)


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    """A missing file and a missing heading are named, other hosts are left alone."""
    page = tmp_path / "page.md"
    page.write_text("# One heading\n[a](https://example.com/x) [b](page.md#one-heading) [c](gone.md) [d](#two)\n")
    assert ["gone.md", "#two"] == broken_links(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_named_are_settings(page: Path) -> None:
    """Every SHIM_ and ZOOM_ name a document mentions is one the service reads."""
    named = set(re.findall(r"\b(?:SHIM|ZOOM)_[A-Z0-9_]*[A-Z0-9]\b", page.read_text()))
    assert set() == named - set(known_names()) - FOREIGN_NAMES


def test_every_setting_is_in_the_readme() -> None:
    """The README names each variable the service reads, between backticks."""
    assert [] == [name for name in known_names() if f"`{name}`" not in README]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_named_are_targets(page: Path) -> None:
    """Every `make` line of a document names targets of the Makefile."""
    made = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = {target for words in spoken(page.read_text()) for target in targets_of(words)}
    assert set() == named - made


def test_the_readme_tells_every_command() -> None:
    """The README's table holds the commands there are, with options they have."""
    options = {name: {opt for param in command.params for opt in param.opts} for name, command in main.commands.items()}
    assert set(options) == set(command_rows())
    assert {} == {name: left for name, named in command_rows().items() if (left := named - options[name])}


def test_command_lines_of_the_readme_can_be_typed() -> None:
    """Every call of the console script in the README names a command."""
    called = [words[1:] for words in spoken(README) if words[0].endswith("bin/zoom-call-log-shim")]
    assert called
    assert [] == [words for words in called if words[0] not in main.commands]


@pytest.mark.skipif(not CHECKOUT, reason="only a checkout knows which files are the repository's")
def test_no_file_names_this_machine_or_a_registry() -> None:
    """The repository can stand anywhere and be installed from anywhere."""
    found = {
        f"{path.relative_to(PROJECT)}: {match[0]}"
        for path in tracked_and_new()
        for match in NOWHERE_NAMED.finditer(path.read_text(errors="replace"))
    }
    assert set() == found


@pytest.mark.parametrize(
    "text",
    [
        "/".join(("", "work", "main")),
        "".join(("cd ", "/", "root")),
        ".".join(("https://pypi", "org/simple")),
        ".".join(("files", "pythonhosted", "org")),
        ".".join(("registry", "npmjs", "org")),
        ".".join(("proxy", "golang", "org")),
    ],
)
def test_a_place_is_seen(text: str) -> None:
    """Paths and hosts are found wherever they stand in a line."""
    assert NOWHERE_NAMED.search(f"see {text} for it")


@pytest.mark.parametrize(
    "text", ["tests/work/x", "at the root of it", "/workers", "the crates of it", "{home}/root", "</root>"]
)
def test_other_words_are_left_alone(text: str) -> None:
    """Neither relative paths nor the words themselves are places."""
    assert None is NOWHERE_NAMED.search(text)
