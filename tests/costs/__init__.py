"""Estimates, the ledger and limits."""
