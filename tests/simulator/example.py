"""Requests of the reference contract, as a hospital would make them; nobody in them is real."""

from __future__ import annotations

import uuid

from tests.simulator.hand_client import Request

CONTRACT = "urn:x-eeszt-runner:reference-contract:1"
DOCTOR = "O52713"
OTHER_DOCTOR = "O61142"
CLERK = "E4402"
NOT_ACTIVE = "O70070"
WORKPLACE = "010100101"
TAJ = "123456788"


def prescription(
    address: str,
    *,
    message_id: str | None = None,
    taj: str = TAJ,
    stamp: str = "52713",
    workplace: str = WORKPLACE,
    ttt: str = "210002737",
) -> Request:
    message_id = message_id or uuid.uuid4().urn
    body = (
        f'<er:FelirasKeres><er:Paciens><kz:Azonosito tipus="TAJ">{taj}</kz:Azonosito><kz:Nev>Őszi Ödönné</kz:Nev>'
        f"<kz:SzuletesiDatum>1950-02-03</kz:SzuletesiDatum></er:Paciens>"
        f"<er:Felirta><kz:Pecsetszam>{stamp}</kz:Pecsetszam><kz:Munkahely>{workplace}</kz:Munkahely></er:Felirta>"
        f"<er:SajatAzonosito>{message_id}</er:SajatAzonosito><er:FelirasIdeje>2026-01-02T10:00:00+01:00</er:FelirasIdeje>"
        f"<er:Gyari><er:Ttt>{ttt}</er:Ttt><er:Mennyiseg>2</er:Mennyiseg><er:Helyettesitheto>true</er:Helyettesitheto>"
        f"</er:Gyari><er:Jogcim>7</er:Jogcim><er:Bno>I10H0</er:Bno><er:Adagolas>2 × 1 tabletta</er:Adagolas>"
        "</er:FelirasKeres>"
    )
    return Request(address, f"{CONTRACT}:erecept/Feliras", body, message_id=message_id)


def withdrawal(address: str, identifier: str, *, stamp: str = "52713") -> Request:
    message_id = uuid.uuid4().urn
    body = (
        f"<er:VisszavonasKeres><er:Azonosito>{identifier}</er:Azonosito><er:SajatAzonosito>{message_id}"
        f"</er:SajatAzonosito><er:Felirta><kz:Pecsetszam>{stamp}</kz:Pecsetszam><kz:Munkahely>{WORKPLACE}"
        "</kz:Munkahely></er:Felirta></er:VisszavonasKeres>"
    )
    return Request(address, f"{CONTRACT}:erecept/Visszavonas", body, message_id=message_id)


def query(address: str, value: str = TAJ, kind: str = "TAJ") -> Request:
    body = (
        f'<er:LekerdezesKeres><er:Paciens><kz:Azonosito tipus="{kind}">{value}</kz:Azonosito></er:Paciens>'
        f"<er:Lekerdezo><kz:Pecsetszam>52713</kz:Pecsetszam><kz:Munkahely>{WORKPLACE}</kz:Munkahely></er:Lekerdezo>"
        "</er:LekerdezesKeres>"
    )
    return Request(address, f"{CONTRACT}:erecept/Lekerdezes", body)


def event(address: str) -> Request:
    message_id = uuid.uuid4().urn
    body = (
        f'<ek:EsemenyKeres><ek:Paciens><kz:Azonosito tipus="TAJ">{TAJ}</kz:Azonosito><kz:Nev>Őszi Ödönné</kz:Nev>'
        f"<kz:SzuletesiDatum>1950-02-03</kz:SzuletesiDatum></ek:Paciens><ek:Ellato><kz:Munkahely/></ek:Ellato>"
        f"<ek:SajatAzonosito>{message_id}</ek:SajatAzonosito><ek:Tipus>JAROBETEG</ek:Tipus>"
        "<ek:Naplosorszam>2026/1</ek:Naplosorszam><ek:Kezdete>2026-01-02T10:00:00+01:00</ek:Kezdete></ek:EsemenyKeres>"
    ).replace(
        "<kz:Munkahely/>",
        f"<ek:Munkahely>{WORKPLACE}</ek:Munkahely><ek:Rogzitette>{CLERK}</ek:Rogzitette>",
    )
    return Request(address, f"{CONTRACT}:ekat/Esemeny", body, message_id=message_id)


def submissions(address: str, own_reference: str) -> Request:
    body = (
        f"<ek:BekuldesLekerdezesKeres><ek:SajatAzonosito>{own_reference}</ek:SajatAzonosito>"
        f"<ek:Munkahely>{WORKPLACE}</ek:Munkahely></ek:BekuldesLekerdezesKeres>"
    )
    return Request(address, f"{CONTRACT}:ekat/BekuldesLekerdezes", body)


def available(address: str, service: str = "erecept") -> Request:
    prefix = {"erecept": "er", "ekat": "ek"}[service]
    return Request(address, f"{CONTRACT}:{service}/Elerheto", f"<{prefix}:ElerhetoKeres/>")
