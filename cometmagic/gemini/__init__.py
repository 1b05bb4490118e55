"""JSON to request and response: the only place that knows the Gemini API's field names.

`encode` writes a request, `decode` reads an answer (also from its call folder), `explain` turns an
error body into one error. Nothing here opens a connection or shows anything.
"""
