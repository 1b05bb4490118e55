"""Requests as programs, run as they are printed."""
