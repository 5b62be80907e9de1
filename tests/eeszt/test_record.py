"""What is taken out of a message before it is logged: tokens, passwords, and what would tell them."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest

from runner.domain import long_texts
from runner.eeszt.keys import Signer
from runner.eeszt.parts import KeyName, Part, assertion_part, user_part
from runner.eeszt.record import without_grant, without_password, without_token
from runner.eeszt.wsse import Request, envelope
from runner.mapping.contract import ContractPack

NOW = datetime(2026, 3, 2, 11, tzinfo=UTC)
PARTS = ("timestamp", "body", "to", "action", "message_id", "token", "certificate")
ASSERTION = b'<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a">KUKU</saml2:Assertion>'
PASSWORD = "493827"


def signed(pack: ContractPack, token: Part, named_by: KeyName) -> bytes:
    operation = next(iter(pack.operations.values()))
    request = Request(operation, "https://x/", "urn:uuid:1", b"<a></a>", NOW, NOW + timedelta(minutes=1))
    return envelope(request, Signer.fresh(), named_by, PARTS, token)


def test_a_token_is_replaced_by_its_digest_and_the_rest_stays_as_it_left(pack: ContractPack) -> None:
    token = assertion_part(ASSERTION, "_a")
    left = signed(pack, token, KeyName.ASSERTION)
    logged = without_token(left, token)
    assert b"KUKU" not in logged
    digest = b64encode(hashlib.sha256(ASSERTION).digest())
    assert b'<removed xmlns="urn:eeszt-runner:audit" sha256="' + digest + b'"/>' in logged
    before, _, after = left.partition(ASSERTION)
    assert logged.startswith(before)
    assert logged.endswith(after)


def test_an_answer_that_repeats_the_token_does_not_bring_it_into_the_log() -> None:
    token = assertion_part(ASSERTION, "_a")
    assert b"KUKU" not in without_token(b"<x>" + ASSERTION + b"</x>" + ASSERTION, token)
    assert without_token(b"<x/>", None) == b"<x/>"


def test_neither_a_password_nor_what_a_password_could_be_guessed_from_is_logged(pack: ContractPack) -> None:
    user = user_part("O12345", PASSWORD)
    left = signed(pack, user, KeyName.VALUE)
    logged = without_password(left, user)
    assert PASSWORD.encode() in left
    assert user.digest.encode() in left
    assert PASSWORD.encode() not in logged
    assert user.digest.encode() not in logged
    assert b"SignatureValue" not in logged
    assert b"urn:uuid:1" in logged
    assert logged.endswith(b"</s:Envelope>")
    assert without_password(left, None) == left


@pytest.mark.parametrize(
    "answer",
    [
        b"<a><RequestedSecurityToken><b>KUKU</b></RequestedSecurityToken></a>",
        b'<a xmlns:s="urn:x"><s:Assertion ID="KUKU">KUKU<s:b c="KUKU"/>KUKU</s:Assertion></a>',
        b"<a><BinarySecret>KUKU</BinarySecret><!-- KUKU --></a>",
        b"<Assertion>KUKU</Assertion>",
        b"not XML: KUKU",
        b"<!DOCTYPE a [<!ENTITY k 'KUKU'>]><a>&k;</a>",
    ],
)
def test_what_a_token_service_grants_is_not_logged_whatever_it_looks_like(answer: bytes) -> None:
    assert b"KUKU" not in without_grant(answer, None)


def test_a_refusal_is_logged_but_for_the_password_that_it_repeats() -> None:
    logged = without_grant(b"<Fault><Code>HIBAS</Code><Text>not a&lt;b-493827</Text></Fault>", "a<b-493827")
    assert b"HIBAS" in logged
    assert b"493827" not in logged


def test_a_long_text_is_replaced_by_its_digest_and_length() -> None:
    text = b64encode(bytes(100_000))
    logged = without_token(long_texts.shortened(b"<a><b>" + text + b"</b></a>"), None)
    digest = b64encode(hashlib.sha256(text).digest()).decode()
    removed = f'<removed xmlns="urn:eeszt-runner:audit" sha256="{digest}" length="{len(text)}"/>'
    assert logged == f"<a><b>{removed}</b></a>".encode()
