"""Every thread compiles its own schema, and threads that begin together do not disturb each other."""

from __future__ import annotations

import threading
from pathlib import Path

from runner.mapping.xsd import SchemaSource

PACK = Path(__file__).resolve().parents[2] / "mappings" / "contract" / "reference-1"


def test_threads_that_compile_schemas_at_once_all_get_theirs() -> None:
    failed: list[str] = []
    for _ in range(30):
        sources = [SchemaSource(PACK / name) for name in ("erecept.wsdl", "ekat.wsdl")]
        together = threading.Barrier(8)

        def compile_one(source: SchemaSource, together: threading.Barrier = together) -> None:
            together.wait()
            try:
                source.schema()
            except Exception as error:  # noqa: BLE001  whatever it is, the test is to say so
                failed.append(type(error).__name__)

        threads = [threading.Thread(target=compile_one, args=(sources[n % 2],)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
