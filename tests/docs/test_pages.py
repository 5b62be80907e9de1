"""The documentation as a whole: links resolve, what has a name is documented, and what is named exists."""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

import pytest

from runner import cli
from runner.domain.outcome import Reason
from runner.errors import TABLE
from runner.mapping import lint
from runner.settings import load, settings_page
from tests.docs.console import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "mappings").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    targets = [target.split("#")[0] for target in LINK.findall(without_code(page.read_text(encoding="utf-8")))]
    relative = [target for target in targets if target and "://" not in target]
    assert [target for target in relative if not (page.parent / target).exists()] == []


def test_the_index_leads_to_every_page() -> None:
    reached = {(DOCS / target.split("#")[0]).resolve() for target in LINK.findall(text_of("README.md"))}
    assert sorted(set(DOCS.rglob("*.md")) - reached - {DOCS / "README.md"}) == []


def test_every_page_begins_with_its_title_and_is_one_of_the_kinds() -> None:
    kinds = {"tutorial", "howto", "reference", "explanation", "adr", "hu", "README.md", "glossary.md"}
    assert {page.relative_to(DOCS).parts[0] for page in DOCS.rglob("*.md")} <= kinds
    assert [page for page in PAGES if not page.read_text(encoding="utf-8").startswith("# ")] == []


def commands(parser: argparse.ArgumentParser) -> set[str]:
    """Every command and group that can be typed, without the program's name."""
    found = {parser.prog.removeprefix("eeszt-runner").strip()}
    for group in (each for each in parser._actions if isinstance(each, argparse._SubParsersAction)):
        for command in group.choices.values():
            found |= commands(command)
    return found


def test_every_command_that_is_named_exists() -> None:
    known = commands(cli.parser())
    named = re.compile(r"(?:^ *|`|\$ |/)eeszt-runner(?: --settings \S+)? ((?!--)[a-z]+)(?: ([a-z]+))?\b", re.MULTILINE)
    files = [*PAGES, *(ROOT / "mappings").rglob("*.yaml"), *(ROOT / "sql").rglob("*.sql"), ROOT / "Makefile"]
    wrong = [
        (path.name, match[0])
        for path in files
        for match in named.finditer(path.read_text(encoding="utf-8"))
        if match[1] not in {words.split(" ")[0] for words in known}
        or (any(words.startswith(f"{match[1]} ") for words in known) and f"{match[1]} {match[2]}" not in known)
    ]
    assert wrong == []


def test_every_command_is_documented() -> None:
    page, known = text_of("reference/cli.md"), commands(cli.parser()) - {""}
    leaves = [words for words in known if not any(other.startswith(f"{words} ") for other in known)]
    assert [words for words in leaves if f"## `eeszt-runner {words}`" not in page] == []


def test_every_setting_is_documented() -> None:
    assert text_of("reference/settings.md") == settings_page()


def test_every_error_is_documented_and_every_number_that_is_named_exists() -> None:
    page = text_of("reference/errors.md")
    assert [number for number in TABLE if f"| RNR-{number} |" not in page] == []
    named = {int(n) for path in PAGES for n in re.findall(r"RNR-(\d{4})\b", path.read_text(encoding="utf-8"))}
    assert sorted(named - set(TABLE)) == []


def test_every_reason_has_advice_for_the_operator() -> None:
    page = text_of("howto/watch_and_repair.md")
    assert [reason for reason in Reason if f"| `{reason}` |" not in page] == []
    schema = (ROOT / "sql" / "embedded" / "schema.sql").read_text(encoding="utf-8")
    attention = schema[schema.index("CREATE VIEW EESZT_V_ATTENTION") :]
    kinds = set(re.findall(r"'([A-Z_]{5,})'(?: AS what| END|, i\.reason|, NULL| ELSE)", attention)) - {
        "MISSED",
        "FAILED",
    }
    assert kinds >= {"PARKED", "WRITE_BACK", "POISON"}
    for name in ("howto/watch_and_repair.md", "hu/uzemeltetoi_utmutato.md"):
        assert [kind for kind in kinds if f"| `{kind}` |" not in text_of(name)] == []


def test_the_settings_that_are_shown_are_settings(tmp_path: Path) -> None:
    (smallest,) = re.findall(r"```toml\n(.+?)```", text_of("howto/run_the_daemon.md"), re.DOTALL)
    rules = re.findall(r"```toml\n(.+?)```", text_of("howto/change_a_rule.md"), re.DOTALL)
    path = tmp_path / "runner.toml"
    path.write_text(smallest + "".join(rules), encoding="utf-8")
    shown = load(path).rules
    assert shown == {
        "erecept.azonnal": {"send_within": "5s", "answer_within": "8s"},
        "jelentes.bejelentkezes_nelkul": {"choice": "TECHNICAL"},
    }
    parts = (ROOT / "mappings", ROOT / "templates", ROOT / "sql" / "sources")
    assert lint(*parts, overrides=shown) == []


def test_the_error_that_is_read_is_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mappings", "templates", "sql"):
        shutil.copytree(ROOT / name, name)
    mapping = Path("mappings/erecept_feliras/mapping.yaml")
    mapping.write_text(mapping.read_text("utf-8").replace("type: taj,", "type: tajj,", 1), encoding="utf-8")
    (problem,) = lint(Path("mappings"), Path("templates"), Path("sql/sources"))
    assert str(problem) in text_of("howto/read_an_error.md")
