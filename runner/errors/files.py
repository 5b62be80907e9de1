"""The faults of the files: 1 settings (installer), 2 mappings, rules and contract (their author)."""

from __future__ import annotations

from runner.errors.entry import Entry

FILES: dict[int, Entry] = {
    # 1: settings, installer
    1001: Entry("unknown setting {name!r}", "Did you mean {nearest!r}?"),
    1002: Entry("unknown setting {name!r}", "See docs/reference/settings.md for the names."),
    1003: Entry("setting {name!r} is missing", "Add it; see docs/reference/settings.md."),
    1004: Entry("setting {name!r} expects {expected}, got {got}", "Correct the value."),
    1005: Entry("the settings file cannot be read: {reason}", "Correct the file or name another with --settings."),
    1006: Entry(
        "the file {file!r}, named by setting {name!r}, cannot be read: {reason}", "Correct the path or rights."
    ),
    1007: Entry("usage: {what}", "See `eeszt-runner --help`."),
    1008: Entry("the settings file is no valid TOML", "Correct this line; see docs/reference/settings.md."),
    1009: Entry(
        "{name!r} looks like a secret, and no secret may stand in the settings",
        "Put it into a file of its own and name that file; see docs/reference/settings.md.",
    ),
    1010: Entry("setting {name!r} needs {other!r} too", "Add it; see docs/reference/settings.md."),
    1011: Entry("settings {name!r} and {other!r} exclude each other", "Keep the one that you have."),
    1012: Entry(
        "the file {file!r}, named by setting {name!r}, holds a secret and others may read it (rights {mode})",
        "Take the rights away: `chmod 600`.",
    ),
    1013: Entry(
        "the file {file!r}, named by setting {name!r}, holds no key, or beside keys something else",
        "Write 32 random bytes in base64 into it: `openssl rand -base64 32`; older keys behind them, one a line.",
    ),
    1021: Entry(
        "the folder {folder!r}, for setting {name!r}, cannot be written: {reason}",
        "Make it, or give the runner's user the right to write there.",
    ),
    1022: Entry(
        "the waiting times of the delivery protocol are changed: {names}",
        "Take the section [waits] out; it is for drills and demonstrations.",
    ),
    1023: Entry("certificates of the simulator: {names}", "Put the operator's in their place before real data go up."),
    1024: Entry(
        "{count} identifiers in the database were given by the simulator",
        "Install a database of its own for production.",
    ),
    1025: Entry(
        "the settings change the rule {name!r} ({values}), whose source is not in doubt: {source}",
        "Take the section out; where the law has changed, add a version with its source and first day to rules.yaml.",
    ),
    1041: Entry(
        "the file {file!r} holds no RSA public key of at least {bits} bits in PEM",
        "Make a pair with `eeszt-runner audit keys`, and name its public key in setting audit.public_key.",
    ),
    1042: Entry(
        "the file {file!r} holds a private key, and the audit log's must not be on this machine",
        "Name the public key's file in setting audit.public_key, and keep the private one elsewhere.",
    ),
    1043: Entry(
        "the audit log's folder {folder!r} cannot be used: {reason}",
        "Correct setting audit.folder or the folder's rights.",
    ),
    1044: Entry("the key cannot be written: {reason}", "Name a file that does not exist yet, in a folder of yours."),
    1045: Entry(
        "others may look into the audit log's folder {folder!r} (rights {mode})",
        "Take the rights away: `chmod 700`.",
    ),
    1056: Entry(
        "setting {name!r} is {lease}, and with 'eeszt.connect_timeout' and {read!r} one send may take {send}:"
        " its rows would be claimed and given back for ever",
        "Set {name!r} to {least} at least, or shorten the time-outs.",
    ),
    1057: Entry(
        "a message lives {life} ('eeszt.message_life', and the contract's `timestamp_life` at most), and"
        " 'eeszt.connect_timeout' lets a connection take nearly as long: it would expire before it is taken",
        "Let messages live for {least} at least, or shorten 'eeszt.connect_timeout'.",
    ),
    1058: Entry(
        "document type {document_type!r} may be sent for {send} ('send_within'), and its ward waits for {answer}"
        " ('answer_within'): what is sent last could not be answered in time",
        "Make 'answer_within' longer than 'send_within', in rules.yaml or in the settings ([rules]).",
    ),
    1059: Entry(
        "document type {document_type!r} may be sent for {send} ('send_within'), and 'eeszt.connect_timeout' lets a"
        " connection take {connect}: its window would close first",
        "Set 'eeszt.connect_timeout' shorter than 'send_within'.",
    ),
    1060: Entry(
        "section {name!r} says neither 'path' nor 'dsn'",
        "Name the Oracle database with 'dsn', or the embedded database's file with 'path'.",
    ),
    1061: Entry(
        "setting {name!r} is {least}, and 'database.sessions_most' is {most}",
        "Allow as many sessions as are kept open, or keep fewer.",
    ),
    1062: Entry(
        "the connection to the database is not encrypted ({how})",
        "Use TCPS (`tcps://` in 'database.dsn', with the wallet of the database's certificate), or mode \"thick\" with"
        " `SQLNET.ENCRYPTION_CLIENT=REQUIRED` in sqlnet.ora of 'database.config_dir'.",
    ),
    1063: Entry("the file {file!r}, named by setting {name!r}, holds no password", "Write it there, in one line."),
    1064: Entry(
        "the database's address cannot be read: {reason}",
        "Correct 'database.dsn', or name the folder of tnsnames.ora in 'database.config_dir'.",
    ),
    # 2: mapping, author
    2001: Entry("the file cannot be read: {reason}", "Correct the path, the rights or the encoding (UTF-8)."),
    2002: Entry(
        "this is no YAML that can be read: {reason}",
        "Correct the line; put what holds , [ ] {{ }} # : or begins with a quote into double quotes.",
    ),
    2003: Entry("unknown {what} {name!r}", "Did you mean {nearest!r}?"),
    2004: Entry("unknown {what} {name!r}", "Use one of: {allowed}."),
    2005: Entry("the key {name!r} stands here twice, first in line {line}", "Remove one of them."),
    2006: Entry(
        "the value before this is cut at its comma",
        "Put the whole expression into double quotes.",
    ),
    2007: Entry("the key {name!r} is missing", "Add it; see docs/reference/mapping_language.md."),
    2008: Entry("expected {expected}, got {got}", "Write what is expected; see docs/reference/mapping_language.md."),
    2009: Entry(
        "this expression holds one of , [ ] {{ }} # : or begins with a quote, and stands without quotes",
        "Put the whole expression into double quotes.",
    ),
    2010: Entry("the expression is wrong: {reason}", "Correct it; see docs/reference/mapping_language.md."),
    2011: Entry("the template is wrong: {reason}", "Correct it; see docs/reference/mapping_language.md."),
    2012: Entry("the XPath {path!r} is wrong: {reason}", "Correct it, with the prefixes of pack.yaml."),
    2013: Entry("{name!r} is not known yet at this place", "Move this field behind the one that it reads."),
    2014: Entry("{what} may not be used here", "{instead}."),
    2020: Entry(
        "the outcome contract says nothing of {part}",
        "Add it, so that every answer has an outcome: a list may be empty, `unknown` names the query to ask with.",
    ),
    2021: Entry("the fault code {code!r} stands in two lists", "Keep it in one: a code has one outcome."),
    2022: Entry(
        "a document type that a ward waits for may not wait for a person",
        "Move the codes to `rejected`: the ward then uses paper at once.",
    ),
    2023: Entry("{what} does not fit: {reason}", "{instead}."),
    2024: Entry("exactly one rule of kind sender is needed, here are {count}", "Name the one that says who may send."),
    2025: Entry("rule {identifier!r}: {reason}", "{instead}"),
    2026: Entry("the settings change {name!r}, which no rule has", "{instead}"),
    2027: Entry(
        "{field} is a {type}, and no rule keeps back those that are nobody's (a newborn's, a generated one)",
        "Add {rules} to `rules`.",
    ),
    2030: Entry("the WSDL cannot be used: {reason}", "Take the contract's files as they came, all into one folder."),
    2031: Entry(
        "operation {name!r} cannot be used: {reason}",
        "Only SOAP 1.1 or 1.2 over HTTP, document/literal with one body part, is supported.",
    ),
    2032: Entry("the schema cannot be used: {reason}", "Take the contract's files as they came, all into one folder."),
    2040: Entry("the expression failed on a row: {reason}", "Correct the expression or mark the field optional."),
    2041: Entry("the template failed on a row: {reason}", "Correct the template."),
    2042: Entry("the message does not match the contract's schema at {element!r}", "Correct the template."),
    2170: Entry(
        "the file of {field} does not stand in the message as a whole",
        "Write its field alone between two tags, without a filter, or take it out of the document.",
    ),
    2050: Entry(
        "case {case!r}: {what} expected {expected}, got {got}", "Correct the mapping, or what the case expects."
    ),
    2061: Entry(
        "document type {name!r} {how}; nothing of it is claimed",
        "Run `eeszt-runner mapping activate` once the files are as they should be.",
    ),
    2062: Entry(
        "this rule still runs on our default: {values}; source: {source}",
        "Look up what holds in the operator's documentation, and set it in the settings ([rules]): {statement}",
    ),
    2063: Entry(
        "this code list has no codes in its file: what was read of its published table is checked, or else the format",
        "Write its codes into its file in codes, or let `eeszt-runner codes sync` read its published table.",
    ),
    2064: Entry(
        "these outboxes are `trusted`, the row's word counts for who recorded it: {lanes}",
        "Set `recorder: asserted` in outboxes.yaml where rows come from anything but the HIS's own, logged-in users.",
    ),
    2065: Entry(
        "the contract {name!r} is a reference contract of our own, not the EESZT's",
        "Put the operator's in its place before production; see docs/howto/replace_the_contract.md.",
    ),
    2071: Entry("policy rule {name!r} is none that the decision table asks", "{instead}"),
    2072: Entry(
        "the settings change what {identifier!r} is to the law",
        "Remove it; a change of law is a new version of the rule in rules.yaml.",
    ),
    2080: Entry(
        "the contract does not say that {query!r} shows everything of {operation!r}: after a lost answer whose document"
        " it does not show, the item ends PARKED and is never sent again",
        "If the operator's documentation says that it does, list the operation under `complete_queries` of pack.yaml.",
    ),
    2082: Entry(
        "there are several contracts here, and none is named",
        "Name one of {known}: its folder as `eeszt.contract` of the settings; where there are none, --contract"
        " (`contract check`: the folder itself).",
    ),
    2081: Entry(
        "by the contract's schema there can be no element {name!r} here",
        "Correct the name; the schemas beside pack.yaml have it.",
    ),
    2101: Entry(
        "the published code table could not be read: {reason}",
        "Nothing of it was kept, the last good copy stays; it is read again at night, or by `eeszt-runner codes sync`.",
    ),
    2901: Entry(
        "no version of rule {identifier!r} is in force on {day}",
        "Add the version that holds on that day to rules.yaml, or take the rule out of the mapping.",
    ),
}
