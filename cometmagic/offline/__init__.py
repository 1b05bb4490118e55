"""The offline source: answers on the wire shape without a key or a network."""
