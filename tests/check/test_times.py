"""Times that do not fit each other: refused at the start and by the check, all at once, with the least value."""

from __future__ import annotations

import pytest

from runner import app
from runner.errors import ProblemsError, RunnerError
from tests.check.site import Installation


def refused(site: Installation) -> list[RunnerError]:
    """The problems for which the daemon does not start, which are those that the check shows."""
    with pytest.raises(ProblemsError) as raised, app.running(site.settings):
        pass
    shown = [found for name, _, found in site.bad("mappings") if name == "times"]
    assert len(shown) == len(raised.value.problems)
    return list(raised.value.problems)


def test_the_times_of_the_shipped_files_and_of_the_demonstration_fit(site: Installation) -> None:
    assert not [found for name, _, found in site.bad("mappings") if name == "times"]
    text = site.settings.read_text("utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(("lease", "read_", "interactive_", "message_"))]
    times = ("connect_timeout", "[rules.", "send_within", "answer_within")
    site.settings.write_text("\n".join(line for line in kept if not line.startswith(times)), "utf-8")
    assert not [found for name, _, found in site.bad("mappings") if name == "times"], "nor do the defaults"


def test_a_lease_that_one_send_may_outlast_is_refused_by_both_names_with_the_least_that_would_do(
    site: Installation,
) -> None:
    site.change('\nread_timeout = "3s"', '\nread_timeout = "60s"')
    query, background = refused(site)
    assert {query.number, background.number} == {1056}
    assert "'lanes.background.lease' is 8s" in str(background)
    assert "'eeszt.read_timeout'" in str(background)
    assert "63s at least" in background.remedy
    assert "runner.toml:" in str(background)


def test_a_ward_s_lane_is_measured_by_its_own_time_out(site: Installation) -> None:
    site.change('lease = "6s"', 'lease = "1s"')
    [problem] = refused(site)
    assert "'lanes.interactive.lease' is 1s" in str(problem)
    assert "'eeszt.interactive_read_timeout'" in str(problem)


def test_a_message_that_expires_before_it_is_taken_is_refused(site: Installation) -> None:
    site.change('message_life = "4s"', 'message_life = "1ms"')
    [problem] = refused(site)
    assert problem.number == 1057
    assert "2s at least" in problem.remedy


@pytest.mark.parametrize(
    ("old", "new", "number"),
    [
        ('answer_within = "4s"', 'answer_within = "2s"', 1058),
        ('connect_timeout = "1s"', 'connect_timeout = "2s"', 1059),
    ],
)
def test_a_window_at_recording_that_time_outs_cannot_keep_is_refused(
    site: Installation, old: str, new: str, number: int
) -> None:
    site.change(old, new)
    assert [problem.number for problem in refused(site)] == [number] * 2  # eRecept and eBeutaló


def test_all_that_does_not_fit_is_told_at_once(site: Installation) -> None:
    site.change('\nread_timeout = "3s"', '\nread_timeout = "60s"')
    site.change('message_life = "4s"', 'message_life = "1ms"')
    site.change('answer_within = "4s"', 'answer_within = "2s"')
    assert sorted(problem.number for problem in refused(site)) == [1056, 1056, 1057, 1058, 1058]


def test_a_log_that_cannot_be_written_is_named_by_its_setting(site: Installation) -> None:
    site.change('file = "runner.log"', 'file = "nincs/runner.log"')
    with pytest.raises(ProblemsError) as raised, app.running(site.settings):
        pass
    [problem] = raised.value.problems
    assert (problem.number, problem.facts["name"]) == (1021, "log.file")


@pytest.mark.parametrize("environment", ["test", "production"])
def test_a_readable_sealing_key_is_told_in_test_and_refused_in_production(site: Installation, environment: str) -> None:
    (site.folder / "sealing.key").chmod(0o644)
    site.change('environment = "test"', f'environment = "{environment}"')
    log = site.folder / "runner.log"
    if environment == "production":
        with pytest.raises(ProblemsError, match="1012"), app.running(site.settings):
            pass
        return
    with app.running(site.settings):
        pass
    [told] = [line for line in log.read_text("utf-8").splitlines() if '"secret.exposed"' in line]
    assert "sealing.key_file" in told
