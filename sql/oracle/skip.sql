-- skip.sql: takes the place of a script that has run already.
PROMPT (has run already)
