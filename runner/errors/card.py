"""The faults of a login with a card: 1080-1099 the workstation's settings, 4201-4259 card, reader, conversation."""

from __future__ import annotations

from runner.errors.entry import Entry

CARD: dict[int, Entry] = {
    # 1: settings of the workstation or of card login, installer
    1086: Entry(
        "setting {name!r} holds a key itself, and no secret may stand in the settings",
        "Put the key into a file that only the runner may read and name it in 'key_file', or name the variable or the"
        " keyring entry that holds it. Whoever has seen this file has seen the key: make a new one.",
    ),
    1087: Entry(
        "the {source} gives no sealing key: {reason}",
        "Put 32 random bytes in base64 there (`openssl rand -base64 32`), older keys behind them; or, for a keyring,"
        " `eeszt-runner login rekey` as the runner's user.",
    ),
    1088: Entry(
        "the keyring of this system, {store}, does not protect what it holds",
        "Use the operating system's own (Windows: the credential manager; Linux: a secret service), or a file of rights"
        " 600 with 'sealing.key_file'.",
    ),
    1089: Entry(
        "the keys in the environment variable {name!r} are not the runner's to change",
        "Put a new one (`openssl rand -base64 32`) before the old ones where the variable is set, and"
        " restart the daemon.",
    ),
    1080: Entry(
        "the workstation's settings of the login agent cannot be read: {reason}",
        "Write the file as docs/howto/log_in.md shows, or name another with --workstation.",
        "A bejelentkező program nincs beállítva ezen a gépen. Értesítse az informatikát.",
    ),
    1081: Entry(
        "setting {name!r} expects {expected}",
        "Correct the value; see docs/howto/log_in.md.",
        "A bejelentkező program beállítása hibás ezen a gépen. Értesítse az informatikát.",
    ),
    1082: Entry(
        "unknown setting {name!r}",
        "The workstation's file has: {allowed}.",
        "A bejelentkező program beállítása hibás ezen a gépen. Értesítse az informatikát.",
    ),
    1083: Entry(
        "there is no card profile {name!r}; known: {known}",
        "Name one of the files in the folder `cards` of the mappings in setting login.card_profile.",
    ),
    1084: Entry(
        "the file {file!r}, named by setting {name!r}, holds no {what} that can be used",
        "Name a PEM file of the authority that issues the cards' certificates.",
    ),
    # 4: card and reader, their holder
    4201: Entry(
        "the computer's smart card service does not run",
        "Start it (Windows: service SCardSvr; Linux: pcscd) and begin the login anew.",
        "A számítógép kártyakezelő szolgáltatása nem fut. Indítsa újra a gépet; ha ez sem segít, értesítse az"
        " informatikát.",
    ),
    4202: Entry(
        "no card reader is connected{which}",
        "Connect one, then begin the login anew.",
        "Nem található kártyaolvasó. Csatlakoztassa az olvasót, majd indítsa újra a bejelentkezést.",
    ),
    4203: Entry(
        "there is no card in the reader",
        "Put it in, then begin the login anew.",
        "Nincs kártya az olvasóban. Helyezze be a személyi igazolványát, majd indítsa újra a bejelentkezést.",
    ),
    4204: Entry(
        "there are cards in several readers: {readers}",
        "Leave one card, or name the reader in setting reader of the workstation's file.",
        "Több olvasóban is van kártya. Csak a saját személyi igazolványát hagyja bent, majd indítsa újra a"
        " bejelentkezést.",
    ),
    4205: Entry(
        "the card has no application for electronic identification ({what})",
        "Use the card that the profile is for.",
        "Ez a kártya nem alkalmas a bejelentkezésre. A saját, chipes személyi igazolványát helyezze az olvasóba.",
    ),
    4206: Entry(
        "the card's PIN for electronic identification has not been set yet",
        "The owner activates the card with the activating PIN that he was given with it.",
        "A kártyája még nincs aktiválva. Az aktiváló PIN-kóddal állítsa be a saját PIN-kódját (okmányirodában vagy az"
        " eSzemélyi Kliens programmal), majd jelentkezzen be újra.",
    ),
    4207: Entry(
        "the card's PIN is blocked",
        "The owner unblocks it with the PUK.",
        "A kártya PIN-kódja három hibás próbálkozás miatt zárolva van. A PUK-kóddal oldható fel (okmányirodában vagy az"
        " eSzemélyi Kliens programmal).",
    ),
    4208: Entry(
        "wrong PIN, {left} attempt(s) left; it is not tried again",
        "Begin the login anew and enter the right PIN.",
        "Hibás PIN-kód. Még {left} próbálkozása maradt, utána a kártya zárolódik. Indítsa újra a bejelentkezést.",
    ),
    4209: Entry(
        "the PIN that was entered has not the form that the card asks for; it was not presented",
        "Begin the login anew; the PIN is {least} to {most} digits.",
        "A PIN-kód {least}–{most} számjegy. A kártya nem kapta meg, próbálkozás nem veszett el. Indítsa újra a"
        " bejelentkezést.",
    ),
    4210: Entry(
        "the card's certificate {when}",
        "Ask for a new card, or check this machine's clock.",
        "A kártya tanúsítványa nem érvényes (lejárt, vagy még nem kezdődött el). Új okmányra vagy a gép órájának"
        " beállítására van szükség.",
    ),
    4211: Entry(
        "the certificate at this place of the card is not one for identification ({what}); it is never used here",
        "Correct the card profile: it must name the certificate of electronic identification.",
        "A kártyán talált tanúsítvány nem bejelentkezésre való. Értesítse az informatikát.",
    ),
    4212: Entry(
        "the card was pulled out before the login was finished",
        "Begin the login anew and leave the card in until it says that it is done.",
        "A kártyát túl korán húzta ki az olvasóból. Indítsa újra a bejelentkezést, és hagyja bent a kártyát a végéig.",
    ),
    4213: Entry(
        "the card's signature does not verify; it was not sent",
        "Clean the card's contacts and begin the login anew; if it happens again, try another reader.",
        "A kártya hibás választ adott. Törölje meg a chipet, majd indítsa újra a bejelentkezést; ha megismétlődik,"
        " próbálja másik olvasóval.",
    ),
    4214: Entry(
        "the card answered {word} to {command}",
        "Begin the login anew; if it happens again, compare the card profile with the card.",
        "A kártya váratlan választ adott. Indítsa újra a bejelentkezést; ha megismétlődik, értesítse az informatikát.",
    ),
    4215: Entry(
        "the connection to the card reader broke: {reason}",
        "See that the reader is connected, or that the remote session redirects it, and begin the login anew.",
        "Megszakadt a kapcsolat a kártyaolvasóval. Távoli munkamenetben csatlakozzon újra (az olvasó átirányításával),"
        " majd indítsa újra a bejelentkezést.",
    ),
    4216: Entry(
        "another program uses the card",
        "Close it and begin the login anew.",
        "A kártyát egy másik program használja. Zárja be, majd indítsa újra a bejelentkezést.",
    ),
    4217: Entry(
        "the card does not answer: {reason}",
        "Put it in the right way round and begin the login anew.",
        "A kártya nem válaszol. Húzza ki, ellenőrizze, hogy a chip jó irányban áll-e, majd indítsa újra a"
        " bejelentkezést.",
    ),
    4218: Entry(
        "the PIN was not entered: {reason}",
        "Begin the login anew.",
        "Nem adott meg PIN-kódot. A kártya nem kapott semmit, próbálkozás nem veszett el.",
    ),
    4219: Entry(
        "the card reader refused: {reason}",
        "Begin the login anew; if it happens again, look at the reader's driver.",
        "A kártyaolvasó hibát jelzett. Húzza ki és csatlakoztassa újra, majd indítsa újra a bejelentkezést.",
    ),
    4220: Entry(
        "the request's identifier is none",
        "Begin the login in the HIS; it gives the identifier.",
        "A bejelentkezési kérés azonosítója hibás. Indítsa a bejelentkezést a kórházi rendszerből.",
    ),
    4221: Entry(
        "who answers at the endpoint's address is not the endpoint: certificate {found}",
        "Look who it is; nothing was sent. After a change of the endpoint's certificate, put its pin into the"
        " workstation's file.",
        "A bejelentkező kiszolgáló nem azonosítható, ezért a program nem küldött neki semmit. Értesítse az"
        " informatikát.",
    ),
    4222: Entry(
        "the login endpoint cannot be reached: {reason}",
        "See that `eeszt-runner run` runs and that the workstation's file names its address.",
        "A bejelentkező kiszolgáló nem érhető el. Próbálja újra; ha megismétlődik, értesítse az informatikát.",
    ),
    4223: Entry(
        "the endpoint asked for what the login agent does not do: {what}",
        "Bring agent and endpoint to the same version.",
        "A bejelentkező program és a kiszolgáló változata eltér. Értesítse az informatikát.",
    ),
    4224: Entry(
        "the library for card readers is not installed",
        "Install the package's extra `card`: `pip install 'eeszt-runner[card]'`.",
        "A kártyaolvasó kezelése nincs telepítve ezen a gépen. Értesítse az informatikát.",
    ),
    4225: Entry(
        "the card's own client failed: {reason}",
        "See that the program that setting client names works by itself.",
        "A kártyakezelő program nem adott választ. Indítsa újra a bejelentkezést; ha megismétlődik, értesítse az"
        " informatikát.",
    ),
    # 4: the technical user's key on a token or HSM
    4261: Entry("no token of this name is found by {module!r}", "Correct setting technical_user.token, or connect it."),
    4262: Entry(
        "the token does not take the PIN; it is not tried again",
        "Correct the file of technical_user.token_pin_file before the next start: too many wrong tries lock it.",
    ),
    4263: Entry(
        "the token has not exactly one private key and one certificate of label {label!r}",
        "Correct setting technical_user.token_key.",
    ),
    4264: Entry("the token refused: {reason}", "Look at the token and its library; the runner tries again by itself."),
    4265: Entry(
        "the library for tokens is not installed",
        "Install the package's extra `hsm`: `pip install 'eeszt-runner[hsm]'`.",
    ),
    # 4: the conversation, as the endpoint sees it
    4231: Entry(
        "the card's certificate is not of an authority in login.card_trust",
        "Use the card that is registered, or add the authority that issued it.",
        "Ezt a kártyát a rendszer nem ismeri el. A saját, chipes személyi igazolványával jelentkezzen be.",
    ),
    4232: Entry(
        "the card's certificate was revoked",
        "The owner asks for a new card.",
        "A kártya tanúsítványát visszavonták, ezért bejelentkezésre nem használható. Új okmányt kell igényelnie.",
    ),
    4233: Entry(
        "the list of revoked certificates is missing or too old: {what}",
        "Renew the file in login.card_revoked; until then nobody logs in with a card.",
        "A kártyák érvényessége most nem ellenőrizhető. Jelentkezzen be egyszer használatos jelszóval, és értesítse az"
        " informatikát.",
    ),
    4234: Entry(
        "the signature is not the card's over what was asked: {what}",
        "Begin the login anew; if it happens again, somebody may be in between.",
        "A bejelentkezés igazolása hibás, ezért a rendszer elutasította. Indítsa újra a bejelentkezést.",
    ),
    4235: Entry(
        "no such conversation, or it is over",
        "Begin the login anew in the HIS.",
        "Ez a bejelentkezés már nem folytatható (lejárt, vagy már befejeződött). Indítsa újra a bejelentkezést.",
    ),
    4236: Entry(
        "no login with a card is set up here",
        "Set login.card_profile and login.card_trust, or log in with a one-time password.",
        "Kártyás bejelentkezés itt nincs beállítva. Jelentkezzen be egyszer használatos jelszóval.",
    ),
    4237: Entry(
        "the EESZT knows the card as nobody's: it was not activated there",
        "The owner activates it on the sector's portal (Ágazati Portál), once for each card.",
        "Ezt a kártyát még nem aktiválták az EESZT-ben. Aktiválja az Ágazati Portálon (új kártyánál is egyszer), vagy"
        " jelentkezzen be egyszer használatos jelszóval.",
    ),
    4238: Entry(
        "the EESZT does not take the card's proof",
        "Begin the login anew; if it happens again, compare the clocks and the card profile.",
        "Az EESZT nem fogadta el a kártya igazolását. Indítsa újra a bejelentkezést; ha megismétlődik, használjon"
        " egyszer használatos jelszót.",
    ),
    4239: Entry(
        "the contract does not say how a login with a card goes",
        "Log in with a one-time password.",
        "Kártyás bejelentkezés ezzel a rendszerrel nem lehetséges. Jelentkezzen be egyszer használatos jelszóval.",
    ),
    4241: Entry(
        "the session handle belongs to no living login",
        "Begin the login anew (login_begin), then bind with its handle.",
        "A bejelentkezés nem él: jelentkezzen be újra az EESZT-be.",
    ),
    4240: Entry(
        "the person went no further (RNR-{code} at the workstation)",
        "Look the number up; the workstation told the person what to do.",
    ),
    4243: Entry(
        "wrong PIN; the card does not say how many attempts are left, and it is not tried again",
        "Begin the login anew and enter the right PIN.",
        "Hibás PIN-kód. A kártya nem közli, hány próbálkozása maradt; néhány hibás kód után zárolódik. Indítsa újra a"
        " bejelentkezést.",
    ),
    4244: Entry(
        "the login agent has no terminal to ask for the PIN at",
        "Let it be started in a window: on Linux `Terminal=true` in the handler's .desktop file; on Windows without"
        " hiding its console. Its reader may have keys of its own instead.",
        "A bejelentkező program ablak nélkül indult, ezért nem tudta bekérni a PIN-kódot. A kártya nem kapott semmit,"
        " próbálkozás nem veszett el. Értesítse az informatikát.",
    ),
    4242: Entry(
        "the HIS client that began the login has called it off meanwhile",
        "Nothing; the person begins anew.",
        "A bejelentkezést közben megszakították a kórházi rendszerben. Ha Ön be akar jelentkezni, indítsa újra.",
    ),
}
