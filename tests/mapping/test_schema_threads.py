"""Every thread compiles its own schema, and threads that begin together do not disturb each other."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from lxml import etree

from runner.mapping.xsd import SchemaSource

PACK = Path(__file__).resolve().parents[2] / "mappings" / "contract" / "reference-1"
REQUEST = "{urn:x-eeszt-runner:reference-contract:1:erecept}FelirasKeres"


def test_threads_that_compile_while_others_parse_all_get_the_whole_schema() -> None:
    source = SchemaSource(PACK / "erecept.wsdl")
    source.schema()
    done = threading.Event()
    incomplete: list[str] = []

    def parse() -> None:
        while not done.is_set():
            etree.fromstring(b"<a><b/></a>", etree.XMLParser(no_network=True))

    def compile_one() -> None:
        schema = source.schema()
        schema.validate(etree.Element(REQUEST))
        errors: Any = schema.error_log
        incomplete.extend(each.type_name for each in errors if each.type_name == "SCHEMAV_CVC_ELT_1")

    parsing = [threading.Thread(target=parse) for _ in range(2)]
    for thread in parsing:
        thread.start()
    for _ in range(30):
        compiling = [threading.Thread(target=compile_one) for _ in range(4)]
        for thread in compiling:
            thread.start()
        for thread in compiling:
            thread.join()
    done.set()
    for thread in parsing:
        thread.join()
    assert incomplete == []


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
