"""One request on the wire, whatever it is for: connections, bodies, encodings, and which addresses are allowed.

Only this folder imports httpx.
"""
