"""How results look, in pages and in plain text."""
