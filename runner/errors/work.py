"""The faults of the work: 3 row, 4 login, 5 transport, 6 refused, 7 database, 8 integrity, 9 a mistake of ours."""

from __future__ import annotations

from runner.errors.entry import Entry

WORK: dict[int, Entry] = {
    # 3: the row, who recorded it
    3001: Entry(
        "only its prescriber may withdraw it, and that is not {asker}",
        "Let the prescriber ask.",
        "Csak a felíró orvos vonhatja vissza.",
    ),
    3002: Entry("it is {state}, which is final", "Write a new item; `eeszt-runner items story` says why it ended."),
    # 4: login or certificate, its holder
    4101: Entry(
        "the user name or the one-time password is wrong",
        "Enter the password that the token shows now.",
        "Hibás felhasználónév vagy egyszer használatos jelszó. Adja meg a tokenen most látható jelszót.",
    ),
    4102: Entry(
        "the one-time password was used before",
        "Wait for the token's next password and enter that.",
        "Ezt az egyszer használatos jelszót már felhasználták. Várja meg a következőt, és azt adja meg.",
    ),
    4103: Entry(
        "the user is not active at the EESZT",
        "Activate the user on the EESZT portal first.",
        "Ez a felhasználó az EESZT-ben nincs aktiválva. Az aktiválás az EESZT portálján végezhető el.",
    ),
    4104: Entry(
        "the token service refused the login: {code}",
        "Look up the code in the operator's documentation.",
        "Az EESZT elutasította a bejelentkezést ({code}). Értesítse az informatikát, és mondja meg ezt a kódot.",
    ),
    4105: Entry(
        "the token service granted the session to somebody else than was asked for",
        "Compare the certificate with the user that the settings name.",
        "Az EESZT nem annak adott munkamenetet, akinek a nevében kérték. Értesítse az informatikát.",
    ),
    4106: Entry("no {what} is configured", "Name it in the settings; see docs/reference/settings.md."),
    4151: Entry("the key or certificate cannot be used: {reason}", "Correct the file, its rights or its password."),
    4152: Entry(
        "the TLS certificate, key or authorities cannot be used: {reason}",
        "Correct the files, rights or password; `eeszt-runner check --offline` says which of them.",
    ),
    4301: Entry("the file cannot be read: {reason}", "Correct the path or the rights; see docs/reference/settings.md."),
    4302: Entry(
        "the password is wrong, or this is no PKCS#12 file",
        "Write the password that came with the file into the file that setting password_file names.",
    ),
    4303: Entry("the file does not hold {expected}", "Name the file that does, in PEM."),
    4304: Entry("the key does not belong to the certificate", "Name the key that the certificate was issued for."),
    4305: Entry("the certificate {when}", "Ask its issuer for a new one and check this machine's clock."),
    4306: Entry(
        "the key is of a kind that cannot be used", "Ask for a certificate with RSA of at least 2048 bits or P-256."
    ),
    4307: Entry(
        "the login endpoint's certificate and key cannot be used: {reason}", "Correct the files or their rights."
    ),
    4308: Entry("the login endpoint cannot listen: {reason}", "Free the address, or change login.listen."),
    4321: Entry(
        "the certificate ends on {day}, {left}",
        "Order the new one now; put its file in place and restart the daemon before that day.",
    ),
    4322: Entry(
        "one certificate of several {when}", "Take it out once nothing is signed or vouched for by it any more."
    ),
    4331: Entry(
        "reporting workplace {workplace!r} has no OTH code",
        "Enter it in EESZT_WORKPLACE.OTH_CODE, or set REPORTS to 0 if nothing is reported from there.",
    ),
    4332: Entry(
        "the OTH code {code!r} of reporting workplace {workplace!r} is malformed: {reason}",
        "Correct EESZT_WORKPLACE.OTH_CODE.",
    ),
    4333: Entry(
        "the technical user {user!r} is not assigned to reporting workplace {workplace!r}",
        "Assign it on the EESZT portal (VMÁTRIX), then in EESZT_USER_WORKPLACE; until then its rows there are PARKED.",
    ),
    4334: Entry(
        "registered without a workplace today: {users}",
        "Enter the assignments (VMÁTRIX) in EESZT_USER_WORKPLACE; nothing goes up under these names.",
    ),
    4401: Entry(
        "the HIS user is matched to no EESZT user",
        "Match him in EESZT_USER_MAP.",
        "Az Ön felhasználójához nincs EESZT-felhasználó rendelve. Kérje az informatikától a megfeleltetést.",
    ),
    4402: Entry(
        "the HIS user is deliberately not registered with the EESZT",
        "Register him, or let him work without.",
        "Az Ön felhasználója a nyilvántartás szerint nem regisztrált EESZT-felhasználó."
        " Ha mégis az, kérje az informatikától a bejegyzését.",
    ),
    4403: Entry(
        "the proved identity {proved!r} is not the matched one, {matched!r}; refused",
        "Log in with your own means, or have EESZT_USER_MAP corrected.",
        "Nem a saját EESZT-azonosítójával jelentkezett be, ezért a rendszer elutasította."
        " Indítsa újra, és a saját kártyáját vagy tokenjét használja.",
    ),
    4404: Entry(
        "the EESZT knows the matched doctor in role {role!r} only; refused",
        "Have the role corrected at the EESZT, or the matching in EESZT_USER_MAP.",
        "Az EESZT nem orvosként azonosította Önt, ezért a rendszer elutasította a bejelentkezést."
        " Kérje az informatikától a szerepkör egyeztetését.",
    ),
    4405: Entry(
        "the session is for institution {proved!r}, not for ours, {ours!r}; refused",
        "Correct setting institution.code, or log in for this institution.",
        "A bejelentkezés nem ehhez az intézményhez szól, ezért a rendszer elutasította. Értesítse az informatikát.",
    ),
    4406: Entry(
        "the EESZT granted a session that is already over",
        "Check this machine's clock.",
        "Az EESZT lejárt munkamenetet adott. Értesítse az informatikát.",
    ),
    4407: Entry(
        "no such login request, or it was used or is too old",
        "Begin the login anew in the HIS.",
        "Ez a bejelentkezési kérés nem érvényes (már felhasználták, vagy lejárt). Indítsa újra a bejelentkezést.",
    ),
    4408: Entry(
        "the login request cannot be read: {what}",
        "Send nonce and one_time_password as the page does.",
        "A bejelentkezési kérés hiányos vagy hibás. Adja meg a kérés azonosítóját és az egyszer használatos jelszót.",
    ),
    4409: Entry(
        "too many login attempts",
        "Wait a minute, then begin the login anew.",
        "Túl sok bejelentkezési kísérlet. Várjon egy percet, majd indítsa újra a bejelentkezést.",
    ),
    4410: Entry(
        "the login endpoint cannot be reached: {reason}", "See that `eeszt-runner run` runs and that [login] is right."
    ),
    4411: Entry("the login was refused (RNR-{code})", "Read the sentence: {message}", "{message}"),
    4335: Entry(
        "several HIS users are matched to {user}: {users}; each is sent for only by a login of his own",
        "Match each person once, or remove the rows that are wrong.",
    ),
    4336: Entry(
        "HIS user {user!r} is a doctor by one column and not by the other: EESZT_USER and IS_DOCTOR disagree",
        "Correct the row: a doctor's EESZT user name is O and his stamp number.",
    ),
    # 5: transport, nobody yet
    5101: Entry(
        "the token service could not be asked: {reason}",
        "The runner tries again by itself; if it lasts, check the network.",
        "Az EESZT bejelentkezési szolgáltatása most nem érhető el. Próbálja újra később.",
    ),
    5102: Entry(
        "the token service gave no answer that can be believed: {reason}",
        "Try again with a new password; if it lasts, compare the pinned certificates.",
        "Az EESZT bejelentkezési szolgáltatása nem adott értékelhető választ. Próbálja újra új jelszóval.",
    ),
    5201: Entry(
        "this machine's clock is {off} {source}; from {breaks} on the EESZT refuses messages",
        "Set the clock, and keep it right by NTP.",
    ),
    5202: Entry(
        "no connection to {address}: {reason}",
        "Look at the address, at the firewall (TCP 443) and at whether the service is announced to be down.",
    ),
    5203: Entry(
        "the server at {address} is not believed: {reason}",
        "Correct the address or tls.trust; never work around the verification.",
    ),
    5204: Entry(
        "the server at {address} broke off the TLS handshake: {reason}",
        "Ask the operator whether the certificate of tls.client_certificate is registered.",
    ),
    5205: Entry(
        "the time server gave no usable answer: {reason}",
        "Correct clock.time_server, or open UDP port 123 to it.",
    ),
    5206: Entry(
        "nobody told the time: no answer of the EESZT had a usable Date header",
        "Name a time server in clock.time_server.",
    ),
    5207: Entry(
        "a harmless call got no answer that can be believed: {reason}",
        "Compare eeszt.pins and this machine's clock; if both are right, tell the operator.",
    ),
    # 7: database, DBA
    7001: Entry(
        "another program has been writing to the database for too long, nothing was changed",
        "End the transaction that it holds open; the runner tries again.",
    ),
    7002: Entry("the database refused: {reason}", "Correct the database; nothing was changed."),
    7003: Entry(
        "another daemon works on this database",
        "The embedded database is for one daemon; stop the other one, or use Oracle for several.",
    ),
    7004: Entry(
        "{name!r} is no name of a table or column", "Use a letter, then at most 29 letters, digits, _, $ or #."
    ),
    7005: Entry(
        "there is no such outbox, known are: {known}", "Correct the name, or declare the outbox in outboxes.yaml."
    ),
    7006: Entry("{count} rows changed under the lock, nothing was written", "Report this; the runner tries again."),
    7007: Entry("there is no such item", "Look the number up with `eeszt-runner items list`."),
    7008: Entry("the database is not installed, or by another version", "Run `eeszt-runner db install`."),
    7301: Entry(
        "the database's file has {count} names (hard links), and SQLite keeps its log beside one of them",
        "Remove the other names, and let every program open the one that is left.",
    ),
    7302: Entry("only statements that read are allowed here, nothing was changed", "Write a SELECT."),
    7101: Entry(
        "the audit log cannot be written: {reason}; what was to be logged was not done",
        "Make room on its disk, or mend it; the runner goes on by itself.",
    ),
    7102: Entry("another process is writing this chain of the audit log", "Let it finish, then try again."),
    7103: Entry(
        "only {free_mb} MB are left on the audit log's disk; when it is full, nothing is sent any more",
        "Make room, or move setting audit.folder to a larger disk.",
    ),
    # 9: a mistake of ours
    9001: Entry("unexpected {kind}", "This is a fault of the runner; report it with the log around this moment."),
}
