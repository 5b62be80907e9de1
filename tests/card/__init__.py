"""Logins with a card."""
