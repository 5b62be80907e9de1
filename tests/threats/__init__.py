"""Attacks of our own making, one file for each family; the page docs/explanation/trust_and_keys.md lists them."""
