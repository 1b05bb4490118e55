"""The offline source: what is refused, what is answered, what is painted."""
