"""The Hungarian page on which a person logs in without any program of ours; it needs no JavaScript."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

_STYLE = """
body{margin:0;background:#eef2f4;color:#17242b;font:1.125rem/1.5 system-ui,sans-serif}
main{max-width:27rem;margin:3rem auto;padding:1.5rem 2rem 2rem;background:#fff;border-top:.4rem solid #0b6073}
h1{font-size:1.6rem;margin:.5rem 0 1rem}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
input{box-sizing:border-box;width:100%;padding:.6rem;border:1px solid #5b6d75;font:inherit}
button{margin-top:1.5rem;padding:.7rem 1.5rem;border:0;background:#0b6073;color:#fff;font:inherit;font-weight:600}
input:focus,button:focus{outline:3px solid #e2a100;outline-offset:1px}
p{margin:.75rem 0}
.hint{color:#43545c;font-size:1rem}
.error{padding:.7rem 1rem;background:#fbe9e7;border-left:.3rem solid #a3261b}
.done{padding:.7rem 1rem;background:#e5f3e8;border-left:.3rem solid #1c6b34}
.test{padding:.3rem 1rem;background:#fff3cd;font-weight:600}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_BUDAPEST = ZoneInfo("Europe/Budapest")

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_PAGE = """<!doctype html>
<html lang="hu">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>EESZT-bejelentkezés</title>
<style>{style}</style>
</head>
<body>
<main>
{banner}<h1>EESZT-bejelentkezés</h1>
{content}</main>
</body>
</html>
"""
_BANNER = '<p class="test">Tesztkörnyezet</p>\n'
_AGAIN = "<p>Új próbálkozáshoz indítsa újra a bejelentkezést a kórházi rendszerben: új azonosítót ad.</p>\n"
_FORM = """<form method="post" action="/login/otp" autocomplete="off">
<label for="nonce">A kérés azonosítója</label>
<input id="nonce" name="nonce" value="{nonce}" maxlength="128" required spellcheck="false"{focus_nonce}>
<label for="one_time_password">Egyszer használatos jelszó</label>
<input id="one_time_password" name="one_time_password" type="password" maxlength="128" required
 autocomplete="one-time-code"{focus_password}>
<button>Bejelentkezés</button>
</form>
<p class="hint">A kérés azonosítóját a kórházi rendszer adja; rövid ideig és egyszer használható.
A jelszót a tokenje vagy a mobilalkalmazás mutatja.</p>
"""


def form_page(*, nonce: str = "", sentence: str = "", test: bool) -> str:
    """
    Give the page that asks.

    Args:
        nonce: To write into its field.
        sentence: Why the last attempt was refused, in Hungarian; none yet where empty.
        test: Whether to mark the page as that of a test system.
    """
    notice = f'<p class="error" role="alert">{escape(sentence)}</p>\n{_AGAIN}' if sentence else ""
    focus = ("", " autofocus") if nonce else (" autofocus", "")
    form = _FORM.format(nonce=escape(nonce), focus_nonce=focus[0], focus_password=focus[1])
    return _page(notice + form, test=test)


def granted_page(eeszt_user: str, ends_at: datetime, *, test: bool) -> str:
    """Give the page that says who is logged in until when, in Hungarian time."""
    until = ends_at.astimezone(_BUDAPEST).strftime("%Y. %m. %d. %H:%M")
    content = (
        f'<p class="done" role="status">Sikeres bejelentkezés: <strong>{escape(eeszt_user)}</strong>.</p>\n'
        f"<p>A munkamenet vége: <strong>{until}</strong>. Ezt az oldalt bezárhatja.</p>\n"
    )
    return _page(content, test=test)


def _page(content: str, *, test: bool) -> str:
    return _PAGE.format(style=_STYLE, banner=_BANNER if test else "", content=content)
