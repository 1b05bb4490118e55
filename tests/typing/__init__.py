"""The public functions as type checkers see them."""
