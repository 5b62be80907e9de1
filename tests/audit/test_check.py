"""What `check` and the start say of the audit log's settings, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import app
from runner.audit import audit_problems, check
from runner.demo.site import prepare_folder, write_settings
from runner.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    site = prepare_folder(tmp_path / "site")
    write_settings(site, {"sts": "https://127.0.0.1:1/"}, app.default_pack())
    return app.load_settings(site.settings)


def numbers(settings: Settings) -> list[int]:
    return [problem.number for problem in audit_problems(settings)]


def test_a_good_key_and_folder_are_no_problem_and_the_folder_is_beside_the_state(settings: Settings) -> None:
    assert numbers(settings) == []
    assert settings.audit.folder == settings.runner.state_dir / "audit"


def test_key_and_folder_are_told_together_with_the_line_that_names_them(settings: Settings) -> None:
    settings.audit.public_key.write_text("nothing")
    settings.audit.folder.parent.joinpath("audit").write_text("in the way")
    problems = audit_problems(settings)
    assert [problem.number for problem in problems] == [1041, 1043]
    assert problems[0].where == settings.places["audit.public_key"]


def test_a_folder_that_others_may_look_into_is_told(settings: Settings) -> None:
    settings.audit.folder.mkdir(mode=0o755, parents=True)
    settings.audit.folder.chmod(0o755)
    assert numbers(settings) == [1045]


def test_little_room_is_told_before_it_stops_the_sending(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "LEAST_FREE_BYTES", 1 << 60)
    [problem] = audit_problems(settings)
    assert problem.number == 7103
    assert "MB are left" in str(problem)
