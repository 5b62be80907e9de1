"""Own time of an item against its unavoidable parts, and against the usual way, batch by batch in turn."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from tests.bench import parts
from tests.bench.flow import Taken, take
from tests.bench.report import Report, spread
from tests.bench.site import KeyKind, bench, wired
from tests.bench.usual import Client, Usual

KEYS: tuple[tuple[KeyKind, str], ...] = (("rsa", "RSA-2048"), ("p256", "P-256"))
BATCH = 100
STRETCHES = (
    ("claim", "claim_s", ("database: claim",)),
    ("prepare: read, decide, map, render, check, canonicalise", "prepare_s", parts.PREPARING),
    ("permit", "permit_s", ("database: permit",)),
    ("sign", "sign_s", ("C14N + digests", "raw sign")),
    (
        "audit log: two entries, the request's durable before a byte leaves, the answer's with the next request's",
        "audit_s",
        ("audit log",),
    ),
    ("HTTP", "http_s", ("HTTP",)),
    (
        "verify and judge",
        "judge_s",
        ("parse of the answer", "C14N + digests of the answer", "raw verify", "XSD of the answer"),
    ),
    ("complete", "complete_s", ("database: complete",)),
)


def own_time(report: Report, folder: Path, *, quick: bool) -> None:
    """Measure both kinds of keys."""
    columns = []
    for keys, name in KEYS:
        (folder / keys).mkdir()
        batches = [*_batches(folder / keys, keys, 4 if quick else 20)]
        _report(report, name, batches)
        columns.append(_column(batches))
    report.parts = [
        (name, *(column[n] for column in columns))
        for n, name in enumerate([name for name, _, _ in STRETCHES] + [*_PARTS])
    ]


Batch = tuple[Taken, dict[str, float], Usual]
_PARTS = [f"alone: {part}" for part in (*parts.ON_THE_WAY_OUT, *parts.BETWEEN, *parts.ON_THE_WAY_BACK)]


def _batches(folder: Path, keys: KeyKind, count: int) -> list[Batch]:
    with bench(folder, keys) as site:
        site.write_events(2 * BATCH * (count + 1))
        client, measured = Client(site, keys), []
        with wired(site.settings) as wires:
            for _ in range(count + 1):
                taken = take(wires, BATCH)
                alone = parts.measure(site, taken)
                measured.append((taken, alone, _usual(client, taken)))
    return measured[1:]


def _usual(client: Client, taken: Taken) -> Usual:
    item = taken.ready[0].item
    payloads = [each.item.payload or "" for each in taken.ready]
    return client.take(payloads, item.workplace, item.recorded_by, [each.message_id for each in taken.ready])


def _report(report: Report, name: str, batches: list[Batch]) -> None:
    out = spread(taken.out_s / _sum(alone, parts.ON_THE_WAY_OUT) for taken, alone, _ in batches)
    back = spread(taken.back_s / _sum(alone, parts.ON_THE_WAY_BACK) for taken, alone, _ in batches)
    whole = spread(
        (taken.out_s + taken.audit_s + taken.http_s + taken.back_s)
        / _sum(alone, (*parts.ON_THE_WAY_OUT, *parts.BETWEEN, *parts.ON_THE_WAY_BACK))
        for taken, alone, _ in batches
    )
    report.at_most(f"{name}: row → signed bytes ÷ its parts alone", out, 1.5, note=_us(t.out_s for t, _, _ in batches))
    report.at_most(
        f"{name}: answer → completed row ÷ its parts alone", back, 1.5, note=_us(t.back_s for t, _, _ in batches)
    )
    report.at_most(f"{name}: the whole item, audit log and HTTP included ÷ its parts alone", whole, 1.5)
    ours = [taken.prepare_s + taken.sign_s for taken, _, _ in batches]
    faster = spread(usual.out_s / our for our, (_, _, usual) in zip(ours, batches, strict=True))
    note = f"{_us(ours)} against{_us(usual.out_s for _, _, usual in batches)}"
    report.at_least(f"{name}: row → signed bytes, times as fast as zeep with its own WS-Security", faster, 4, note=note)
    exchange = spread(
        (usual.out_s + usual.http_s + usual.back_s) / (our + taken.audit_s + taken.http_s + taken.judge_s)
        for our, (taken, _, usual) in zip(ours, batches, strict=True)
    )
    report.add(f"{name}: row → believed answer, times as fast as zeep over requests", f"{exchange} ×")


def _sum(alone: dict[str, float], names: tuple[str, ...]) -> float:
    return sum(alone[name] for name in names)


def _us(seconds: object) -> str:
    return f"; {median(seconds) / BATCH * 1e6:.0f} µs"  # type: ignore[call-overload]


def _column(batches: list[Batch]) -> list[str]:
    def us(values: list[float]) -> str:
        return f"{median(values) / BATCH * 1e6:.0f}"

    stretches = [
        f"{us([getattr(t, field) for t, _, _ in batches])} ÷ {us([_sum(alone, names) for _, alone, _ in batches])}"
        for _, field, names in STRETCHES
    ]
    return stretches + [us([alone[part.removeprefix("alone: ")] for _, alone, _ in batches]) for part in _PARTS]
