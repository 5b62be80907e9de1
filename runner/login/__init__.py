"""
Who the runner speaks as: the institution's certificates, people's one-time-password logins, and their sealed sessions.

A person's password is in memory only while the issuer of tokens is asked, is used once, and is never logged or stored.
"""
