"""Retention: bodies go first and headers much later, the chain still verifies, and a theft is no retention."""

from __future__ import annotations

import pytest

from runner.audit.retention import Retention
from runner.errors import RunnerError
from tests.audit.desk import OfficersDesk, request

DAY_S = 86400.0


def days(desk: OfficersDesk, count: int, *, keep_bodies: float = 30, keep_headers: float = 60) -> list[dict[str, int]]:
    """Let so many days pass, with one entry and one round of the duty on each."""
    counts = []
    with desk.log() as log:
        duty = Retention(log, desk.clock, keep_bodies_s=keep_bodies * DAY_S, keep_headers_s=keep_headers * DAY_S)
        for day in range(count):
            log.write(request(day))
            counts.append(duty.run_once())
            desk.clock.advance(DAY_S)
    return counts


def test_bodies_older_than_their_time_are_destroyed_and_the_headers_still_verify(desk: OfficersDesk) -> None:
    counts = days(desk, 40)
    assert sum(each.get("bodies", 0) for each in counts) == 9
    report = desk.verify()
    assert report.findings == []
    assert report.destroyed == 9
    assert [header.item for header in desk.search(kind="REQUEST")] == list(range(40))
    with pytest.raises(RunnerError, match="RNR-8214"):
        desk.body(f"{desk.chain().name}/2")


def test_headers_older_than_theirs_are_deleted_and_the_rest_still_verifies(desk: OfficersDesk) -> None:
    counts = days(desk, 80)
    assert sum(each.get("headers", 0) for each in counts) == 19
    report = desk.verify()
    assert report.findings == []
    assert desk.search(kind="REQUEST")[0].item == 19
    assert not desk.headers(1).exists()


def test_what_is_young_enough_is_left_alone(desk: OfficersDesk) -> None:
    assert days(desk, 10) == [{}] * 10
    assert desk.numbers() == []


def test_bodies_that_somebody_else_deleted_are_no_retention(desk: OfficersDesk) -> None:
    days(desk, 40)
    desk.bodies(20).unlink()
    assert desk.numbers() == [8205]


def test_segments_that_somebody_else_deleted_are_no_retention(desk: OfficersDesk) -> None:
    days(desk, 80)
    desk.headers(20).unlink()
    assert desk.numbers() == [8217]


def test_a_duty_that_was_cut_short_is_done_again(desk: OfficersDesk) -> None:
    days(desk, 40, keep_bodies=100)
    saved = desk.bodies(1).read_bytes()
    days(desk, 1, keep_bodies=30)
    assert not desk.bodies(1).exists()
    desk.bodies(1).write_bytes(bytes(384) + saved[384:])  # as if the process had died between its two steps
    assert desk.numbers() == []
    days(desk, 1, keep_bodies=30)
    assert not desk.bodies(1).exists()
    assert desk.numbers() == []


def test_the_logs_of_other_processes_and_of_machines_before_are_kept_no_longer(desk: OfficersDesk) -> None:
    with desk.log("runner-1-cli") as other:
        other.write(request(1, b"<x/>"))
    desk.clock.advance(40 * DAY_S)
    with desk.log() as log:
        duty = Retention(log, desk.clock, keep_bodies_s=30 * DAY_S, keep_headers_s=60 * DAY_S)
        assert duty.run_once() == {"bodies": 1}
        assert duty.run_once() == {}
    report = desk.verify()
    assert (report.chains, report.findings, report.destroyed) == (2, [], 1)


def test_headers_are_never_kept_shorter_than_their_bodies(desk: OfficersDesk) -> None:
    counts = days(desk, 40, keep_bodies=30, keep_headers=1)
    assert sum(each.get("headers", 0) for each in counts) == sum(each.get("bodies", 0) for each in counts)
    assert desk.numbers() == []
