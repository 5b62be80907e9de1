"""Tests of the integrator's language."""
