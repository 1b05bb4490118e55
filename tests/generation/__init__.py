"""From a request to a result, in Python."""
