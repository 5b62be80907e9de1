"""
The body of a token request.

Source: WS-Trust 1.3 §3.1 and §4. How a card's proof stands in it is not public: element and namespace are the reference
contract's, which is ours; a contract that names no ``sts.card_proof`` has no login with a card.
"""

from __future__ import annotations

from base64 import b64encode

from runner.domain.card import CardProof
from runner.eeszt.keys import Signer
from runner.eeszt.names import ISSUE, KEY_TYPE_BEARER, KEY_TYPE_PUBLIC, SAML_V2, Ns
from runner.eeszt.parts import key_value
from runner.eeszt.xml import escaped


def request_body(signer: Signer, proof: str, *, is_bearer: bool) -> bytes:
    """
    Give the body, in canonical form.

    Args:
        signer: Whose key the token is to name, unless it is a bearer's.
        proof: A card's, as ``card_element`` gives it; empty where something else proves who asks.
        is_bearer: Whether the token names no key.
    """
    use_key = ""
    if not is_bearer:
        named = key_value(signer.public)
        use_key = f'<wst:UseKey><ds:KeyInfo xmlns:ds="{Ns.DS}">{named}</ds:KeyInfo></wst:UseKey>'
    return (
        f'<wst:RequestSecurityToken xmlns:wst="{Ns.WST}"><wst:TokenType>{SAML_V2}</wst:TokenType>'
        f"<wst:RequestType>{ISSUE}</wst:RequestType>"
        f"<wst:KeyType>{KEY_TYPE_BEARER if is_bearer else KEY_TYPE_PUBLIC}</wst:KeyType>"
        f"{use_key}{proof}</wst:RequestSecurityToken>"
    ).encode()


def card_element(proof: CardProof, namespace: str) -> str:
    """Give a card's proof as an element, in canonical form."""
    parts = (
        ("Tanusitvany", b64encode(proof.certificate).decode()),
        ("Algoritmus", proof.algorithm.value),
        ("Nyilatkozat", b64encode(proof.statement).decode()),
        ("Alairas", b64encode(proof.signature).decode()),
    )
    inside = "".join(f"<kt:{name}>{text}</kt:{name}>" for name, text in parts)
    return f'<kt:Igazolas xmlns:kt="{escaped(namespace)}">{inside}</kt:Igazolas>'
