"""What calls cost: estimates before sending, the ledger of what was spent, and the spending limits.

Nothing here sends a request or displays anything.
"""
