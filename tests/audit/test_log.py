"""Writing the log: what is durable when, who may write, and what happens when a disk or a process fails."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from runner.audit.ticket import Line, Ticket
from runner.errors import RunnerError
from runner.ports import Anchor
from tests.audit.desk import OfficersDesk, answer, request
from tests.audit.writer import FILL, WRITE

ROOT = Path(__file__).resolve().parents[2]


def test_an_entry_is_on_the_disk_when_write_returns_and_opens_with_the_private_key_only(desk: OfficersDesk) -> None:
    with desk.log() as log:
        anchor = log.write(request(7, b"<x>T\xc3\xbcnd\xc3\xa9r 032154784</x>"))
        [header] = desk.search(item=7)
        assert (header.sequence, header.kind, header.his_user) == (anchor.sequence, "REQUEST", "kovacs.anna")
    everything = b"".join(each.read_bytes() for each in desk.chain().iterdir())
    assert b"032154784" not in everything
    assert desk.body(f"{anchor.chain}/{anchor.sequence}") == b"<x>T\xc3\xbcnd\xc3\xa9r 032154784</x>"
    assert desk.numbers() == []


def test_two_entries_with_the_same_body_cannot_be_told_to_be_the_same(desk: OfficersDesk) -> None:
    with desk.log() as log:
        log.write(request(1, b"igen"))
        log.write(request(2, b"igen"))
    first, second = desk.search(kind="REQUEST")
    assert first.body != second.body
    assert first.sealed != second.sealed


def test_files_and_folders_are_the_runners_alone(desk: OfficersDesk) -> None:
    with desk.log() as log:
        log.write(request())
    modes = {stat.S_IMODE(each.stat().st_mode) for each in desk.chain().iterdir()}
    assert modes == {0o600}
    assert {stat.S_IMODE(each.stat().st_mode) for each in (desk.folder, desk.chain())} == {0o700}


def test_many_threads_write_one_chain_in_which_every_entry_stands_once(desk: OfficersDesk) -> None:
    anchors: list[Anchor] = []

    def write(begin: int) -> None:
        for number in range(begin, begin + 50):
            anchors.append(log.write(request(number)))
            assert log.note(answer(number)).anchor() is not None

    with desk.log(segment_bytes=50_000) as log:
        threads = [threading.Thread(target=write, args=(1000 * n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    report = desk.verify({desk.chain().name: sorted(anchors, key=lambda each: each.sequence)})
    assert report.findings == []
    assert report.anchors == 800
    assert report.segments > 3
    assert report.entries == 1600 + report.segments
    assert len({header.item for header in desk.search(kind="ANSWER")}) == 800


def test_entries_that_wait_together_become_durable_together(desk: OfficersDesk) -> None:
    with desk.log() as log:
        noted = [log.note(request(number)) for number in range(300)]
        assert all(each.anchor() is not None for each in noted)
    assert [header.item for header in desk.search(kind="REQUEST")] == list(range(300))


def test_what_has_happened_goes_together_with_the_next_entry_that_somebody_waits_for() -> None:
    line = Line(hold_s=3600)
    noted = Ticket(answer(1), "", line, must=False)
    line.put(noted)
    groups: list[list[Ticket]] = []
    writer = threading.Thread(target=lambda: groups.append(line.next_group()))
    writer.start()
    awaited = Ticket(request(2), "", line, must=True)
    line.put(awaited)
    writer.join()
    assert groups == [[noted, awaited]]


def test_what_has_happened_goes_at_once_when_somebody_asks_for_it() -> None:
    line = Line(hold_s=3600)
    noted = Ticket(answer(1), "", line, must=False)
    line.put(noted)
    writer = threading.Thread(target=lambda: [each.done(Anchor("chain", 1, "head")) for each in line.next_group()])
    writer.start()
    assert noted.anchor() == Anchor("chain", 1, "head")
    writer.join()


def test_what_nobody_asks_for_goes_by_itself() -> None:
    line = Line(hold_s=0.01)
    noted = Ticket(answer(1), "", line, must=False)
    line.put(noted)
    assert line.next_group() == [noted]


def test_each_day_has_its_own_segment(desk: OfficersDesk) -> None:
    with desk.log() as log:
        log.write(request(1))
        desk.clock.advance(13 * 3600)
        log.write(request(2))
    assert [header.segment for header in desk.search(kind="REQUEST")] == [1, 2]
    assert desk.numbers() == []


def test_the_next_start_goes_on_with_the_chain_in_a_segment_with_a_key_of_its_own(desk: OfficersDesk) -> None:
    for number in (1, 2, 3):
        with desk.log() as log:
            log.write(request(number))
    assert [header.segment for header in desk.search(kind="REQUEST")] == [1, 2, 3]
    assert len({header.sealed for header in desk.search(kind="SEGMENT")}) == 3
    report = desk.verify()
    assert (report.chains, report.segments, report.entries, report.findings) == (1, 3, 6, [])


def test_a_chain_that_is_being_written_has_no_second_writer(desk: OfficersDesk) -> None:
    with desk.log() as log:
        with pytest.raises(RunnerError, match="RNR-7102"), desk.log():
            pass
        with desk.log("runner-1-cli") as other:
            other.write(request(1))
        log.write(request(2))
    report = desk.verify()
    assert (report.chains, report.findings) == (2, [])


def test_an_end_that_was_changed_is_left_for_the_proof_and_a_new_chain_begun(
    desk: OfficersDesk, caplog: pytest.LogCaptureFixture
) -> None:
    with desk.log() as log:
        log.write(request(1))
    lines = desk.lines()
    desk.put_lines([*lines[:-1], lines[-1].replace(b"O12345", b"O99999")])
    old = desk.chain()
    desk.clock.advance(1)
    with desk.log() as log:
        log.write(request(2))
        assert log.folder != old
    assert [getattr(record, "event", "") for record in caplog.records] == ["audit.broken"]
    assert desk.numbers() == [8201]


# a process that dies


def test_a_half_written_end_of_any_length_is_closed_by_the_next_start_and_told(desk: OfficersDesk) -> None:
    with desk.log() as log:
        log.write(request(1))
        log.write(request(2))
    lines, bodies = desk.lines(), desk.bodies().read_bytes()
    size = len(b"".join(lines[:-1]))
    for cut in range(1, len(lines[-1]), 7):
        with desk.restored():
            desk.headers().write_bytes(b"".join(lines)[: size + cut])
            before = desk.verify()
            assert (before.findings, len(before.notes)) == ([], 1)
            with desk.log() as log:
                log.write(request(3))
            after = desk.verify()
            assert after.findings == []
            assert [note.split()[2] for note in after.notes] == ["REPAIRED:"]
            assert [header.item for header in desk.search(kind="REQUEST")] == [1, 3]
    assert len(bodies) > 0


def test_bodies_without_their_headers_are_cut_at_the_next_start(desk: OfficersDesk) -> None:
    with desk.log() as log:
        log.write(request(1))
    with desk.bodies().open("ab") as file:
        file.write(b"half a body")
    assert desk.numbers() == []
    assert ["11 bytes behind its last entry" in note for note in desk.verify().notes] == [True]
    with desk.log() as log:
        log.write(request(2))
    assert [header.outcome for header in desk.search(kind="REPAIRED")] == ["11 bytes of 000001.bodies"]
    assert desk.numbers() == []


def test_a_segment_that_was_only_begun_is_taken_away_at_the_next_start(desk: OfficersDesk) -> None:
    with desk.log() as log:
        log.write(request(1))
    desk.headers(2).touch()
    desk.bodies(2).write_bytes(b"k" * 100)
    with desk.log() as log:
        log.write(request(2))
    assert [header.segment for header in desk.search(kind="REQUEST")] == [1, 2]
    assert desk.numbers() == []


@pytest.mark.slow
def test_whatever_was_durable_outlives_kill_9(desk: OfficersDesk) -> None:
    for _ in range(4):
        command = [sys.executable, "-c", WRITE, str(desk.folder), str(desk.public_key)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
        process.wait()
        process.stdout.close()
        told = [json.loads(line) for line in (*lines, *rest.splitlines(keepends=True)) if line.endswith(b"\n")]
        anchors = sorted((Anchor(*each) for each in told), key=lambda each: each.sequence)
        report = desk.verify({anchors[0].chain: anchors})
        assert report.findings == []
        assert report.anchors == len(anchors) >= 200
        with desk.log() as log:
            log.write(request(1))
        assert desk.numbers() == []


# a disk that is full


def test_a_full_disk_stops_what_was_to_happen_and_keeps_what_has(desk: OfficersDesk) -> None:
    command = [sys.executable, "-c", FILL, str(desk.folder), str(desk.public_key)]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert told["refused"].startswith("RNR-7101")
    assert told["refused_at_once"] is True
    assert told["events"] == ["audit.down", "audit.resumed"]
    assert told["back_while_full"] is False
    assert told["back"] is True
    assert [header.item for header in desk.search(kind="ANSWER")] == [1]
    assert desk.search(kind="RESUMED")[0].outcome.startswith("since 20")
    sequence = [header.kind for header in desk.search() if header.kind in {"ANSWER", "RESUMED"}]
    assert sequence == ["ANSWER", "RESUMED"]
    assert desk.search(item=99)[0].kind == "REQUEST"
    assert desk.numbers() == []


def test_a_folder_that_cannot_be_made_or_written_stops_the_start(desk: OfficersDesk, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    desk.folder = in_the_way / "audit"
    with pytest.raises(RunnerError, match="RNR-1043"), desk.log():
        pass


def test_after_close_nothing_is_written_and_nobody_waits(desk: OfficersDesk) -> None:
    with desk.log() as log:
        log.write(request(1))
    with pytest.raises(RunnerError, match="RNR-7101"):
        log.write(request(2))
    assert log.note(answer()).anchor() is None
    assert desk.verify().entries == 2


def test_an_entry_that_cannot_be_sealed_takes_nothing_else_with_it(
    desk: OfficersDesk, caplog: pytest.LogCaptureFixture
) -> None:
    with desk.log() as log:
        log.write(request(1))
        assert log.note(replace(answer(2), outcome=b"no text")).anchor() is None  # type: ignore[arg-type]
        assert log.is_down
        desk.clock.advance(2)
        assert log.try_again()
        log.write(request(3))
    assert [header.item for header in desk.search(kind="REQUEST")] == [1, 3]
    assert [getattr(record, "event", "") for record in caplog.records] == ["audit.down", "audit.resumed"]
    assert desk.numbers() == []
