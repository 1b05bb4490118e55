"""JSON to request and response: the only place that knows the Gemini API's field names.

`encode` writes a request, `decode` reads a response (from the wire or from its call folder), and `error_bodies` turns
an error body into one error, by the table in `error_rules`. Nothing here opens a connection or displays anything.
"""
