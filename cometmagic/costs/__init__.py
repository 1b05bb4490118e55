"""What calls cost: estimates before sending, the ledger of what was spent, and the limits.

Nothing here sends or shows anything.
"""
