"""The proof: whatever is done to the files is found, and what is no tampering is not called so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.audit.chain import chains
from runner.audit.report import MOST_FINDINGS
from runner.domain.audit import GENESIS, Tip, after, read, written
from runner.ports import Anchor
from tests.audit.desk import OfficersDesk, answer, request


@pytest.fixture
def written_desk(desk: OfficersDesk) -> OfficersDesk:
    """Three segments of a few entries each."""
    for segment in range(3):
        with desk.log() as log:
            for number in range(4):
                log.write(request(10 * segment + number))
                log.note(answer(10 * segment + number))
    return desk


@pytest.fixture(scope="module")
def tampered_desk(tmp_path_factory: pytest.TempPathFactory, key_pair: tuple[Path, Path]) -> OfficersDesk:
    desk = OfficersDesk(tmp_path_factory.mktemp("tampered") / "audit", *key_pair)
    for number in range(2):
        with desk.log() as log:
            log.write(request(number))
            log.note(answer(number))
    assert desk.numbers() == []
    return desk


def put_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def anchors_of(desk: OfficersDesk) -> list[Anchor]:
    """What the database would know."""
    found = []
    for segment in range(1, 4):
        for line in desk.lines(segment):
            header, head = read(line)
            if header.kind == "ANSWER":
                found.append(Anchor(header.chain, header.sequence, head))
    return found


# any byte


@given(place=st.floats(0, 1, exclude_max=True), file=st.integers(0, 3), change=st.integers(1, 255))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_byte_of_any_file_that_is_changed_is_found(
    tampered_desk: OfficersDesk, place: float, file: int, change: int
) -> None:
    path = sorted(each for each in tampered_desk.chain().iterdir() if each.name != "lock")[file]
    before = path.read_bytes()
    at = int(place * len(before))
    path.write_bytes(before[:at] + bytes([before[at] ^ change]) + before[at + 1 :])
    try:
        assert tampered_desk.numbers() != []
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("change", [1, ord("\n") ^ ord("}"), ord("\n") ^ ord(" ")])
def test_the_last_newline_of_a_log_is_a_byte_like_any_other(tampered_desk: OfficersDesk, change: int) -> None:
    path = tampered_desk.headers(2)
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ change]))
    try:
        assert tampered_desk.numbers() == [8210]
    finally:
        path.write_bytes(before)


# entries


def test_a_log_as_it_was_written_is_good_with_its_anchors(written_desk: OfficersDesk) -> None:
    report = written_desk.verify({written_desk.chain().name: anchors_of(written_desk)})
    assert report.findings == []
    assert (report.segments, report.entries, report.anchors) == (3, 27, 12)
    assert report.first_at == report.last_at == "2026-03-02T11:00:00.123456Z"


@pytest.mark.parametrize(
    ("tampering", "numbers"),
    [
        (lambda lines: [*lines[:4], lines[4].replace(b"ANSWERED", b"REFUSED_"), *lines[5:]], [8201]),
        (lambda lines: [*lines[:4], *lines[5:]], [8202]),
        (lambda lines: [*lines[:4], lines[3], *lines[4:]], [8202, 8202]),
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], [8202, 8202, 8202]),
        (lambda lines: [*lines[:4], b"{}\n", *lines[4:]], [8201, 8202]),
        (lambda lines: lines[:5], [8202, 8206]),
        (lambda lines: [], [8206, 8210]),
        (lambda lines: [*lines[:-1], lines[-1][:-20]], [8210]),
    ],
    ids=["changed", "removed", "inserted", "reordered", "rubbish", "cut", "emptied", "half a line"],
)
def test_what_is_done_to_the_entries_of_a_segment_is_found(
    written_desk: OfficersDesk, tampering: Callable[[list[bytes]], list[bytes]], numbers: list[int]
) -> None:
    written_desk.put_lines(tampering(written_desk.lines(2)), 2)
    assert set(written_desk.numbers()) >= set(numbers[:1])
    assert written_desk.numbers() != []


def test_a_finding_names_file_and_line_and_what_it_means(written_desk: OfficersDesk) -> None:
    lines = written_desk.lines(2)
    written_desk.put_lines([*lines[:4], *lines[5:]], 2)
    [finding] = written_desk.verify().findings
    assert str(finding).startswith(
        f"RNR-8202 {written_desk.chain().name}/000002.headers.jsonl:5: entry 14 should stand"
    )


def test_an_entry_that_was_replaced_and_its_head_made_anew_is_found(written_desk: OfficersDesk) -> None:
    lines = written_desk.lines()
    header, _ = read(lines[3])
    lines[3], _ = written(replace(header, outcome="ANSWERED", his_user="szucs.gergo"))
    written_desk.put_lines(lines)
    assert written_desk.numbers() == [8203]


def test_a_chain_that_was_written_anew_to_its_end_is_found_by_the_anchors(written_desk: OfficersDesk) -> None:
    anchors = anchors_of(written_desk)
    tip = Tip(written_desk.chain().name, head=GENESIS)
    for segment in range(1, 4):
        lines = []
        for line in written_desk.lines(segment):
            header, _ = read(line)
            forged = replace(header, previous=tip.head, his_user="senki" if header.item == 11 else header.his_user)
            anew, head = written(forged)
            tip = after(forged, head)
            lines.append(anew)
        written_desk.put_lines(lines, segment)
    assert written_desk.numbers() == []
    [finding] = written_desk.verify({tip.chain: anchors}).findings
    assert (finding.number, finding.facts["sequence"], finding.facts["more"]) == (8208, 14, 6)


def test_a_cut_end_is_found_by_the_anchors_alone(written_desk: OfficersDesk) -> None:
    anchored = {written_desk.chain().name: anchors_of(written_desk)}
    written_desk.put_lines(written_desk.lines(3)[:4], 3)
    assert written_desk.numbers() == []
    [finding] = written_desk.verify(anchored).findings
    assert (finding.number, finding.facts) == (8207, {"last": 22, "count": 3, "most": 27})


def test_anchors_below_a_cut_agree_and_a_tail_cut_at_a_restart_stays_found(written_desk: OfficersDesk) -> None:
    anchored = {written_desk.chain().name: anchors_of(written_desk)}
    written_desk.put_lines(written_desk.lines(3)[:4], 3)
    with written_desk.log() as log:
        log.write(request(99))
    assert written_desk.numbers(anchored) == [8208, 8207]


def test_a_chain_that_is_gone_is_found_by_the_anchors(written_desk: OfficersDesk) -> None:
    anchored = {written_desk.chain().name: anchors_of(written_desk)}
    shutil.rmtree(written_desk.chain())
    written_desk.clock.advance(1)
    with written_desk.log() as log:
        log.write(request(1))
    [finding] = written_desk.verify(anchored).findings
    assert (finding.number, finding.facts["count"]) == (8209, 12)


# bodies and segments


@pytest.mark.parametrize(
    ("tampering", "numbers"),
    [
        (lambda desk: desk.headers(2).unlink(), [8206]),
        (lambda desk: (desk.headers(2).unlink(), desk.bodies(2).unlink()), [8206]),
        (lambda desk: (desk.headers(1).unlink(), desk.bodies(1).unlink()), [8217]),
        (lambda desk: desk.bodies(2).unlink(), [8205]),
        (lambda desk: put_folder(desk.headers(2)), [8206]),
        (lambda desk: put_folder(desk.bodies(2)), [8205]),
        (lambda desk: desk.bodies(1).rename(desk.bodies(4)), [8205]),
        (lambda desk: swap(desk.headers(1), desk.headers(2)), [8206]),
        (lambda desk: swap(desk.bodies(1), desk.bodies(2)), [8204]),
        (lambda desk: desk.bodies(2).write_bytes(desk.bodies(2).read_bytes()[:-1]), [8204]),
        (lambda desk: desk.bodies(2).write_bytes(desk.bodies(2).read_bytes() + b"x"), [8210]),
        (lambda desk: (desk.chain() / "notes.txt").touch(), [8216]),
        (lambda desk: shutil.copy(desk.headers(1), desk.headers(4)), [8206]),
    ],
    ids=[
        "headers removed",
        "segment removed",
        "first segment removed",
        "bodies removed",
        "headers a folder",
        "bodies a folder",
        "bodies renamed",
        "headers swapped",
        "bodies swapped",
        "bodies cut",
        "bodies lengthened",
        "a stranger",
        "a segment twice",
    ],
)
def test_what_is_done_to_segments_is_found(
    written_desk: OfficersDesk, tampering: Callable[[OfficersDesk], object], numbers: list[int]
) -> None:
    tampering(written_desk)
    assert set(written_desk.numbers()) >= set(numbers)


def swap(one: Path, other: Path) -> None:
    """Each where the other was."""
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def test_two_bodies_of_one_length_cannot_change_places(desk: OfficersDesk) -> None:
    with desk.log() as log:
        log.write(request(1, b"first"))
        log.write(request(2, b"other"))
    one, other = desk.search(kind="REQUEST")
    data = bytearray(desk.bodies().read_bytes())
    first = data[one.offset : one.offset + one.size]
    data[one.offset : one.offset + one.size] = data[other.offset : other.offset + other.size]
    data[other.offset : other.offset + other.size] = first
    desk.bodies().write_bytes(data)
    assert desk.numbers() == [8204, 8204]


def test_a_file_of_rubbish_does_not_fill_the_memory(written_desk: OfficersDesk) -> None:
    written_desk.headers(3).write_bytes(b"x\n" * 5000 + b"y" * 3_000_000)
    report = written_desk.verify()
    assert report.found > 5000
    assert len(report.findings) == MOST_FINDINGS


def test_a_log_that_is_being_written_is_no_finding(desk: OfficersDesk) -> None:
    with desk.log() as log:
        for number in range(20):
            log.write(request(number))
            assert desk.numbers() == []
    assert len(chains(desk.folder)) == 1
