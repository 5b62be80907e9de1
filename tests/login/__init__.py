"""Logins: certificates, one-time passwords, seals, sessions, the endpoint."""
