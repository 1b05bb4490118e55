"""How results look, as HTML and as plain text. Knows neither IPython nor how a request is sent.

Everything that a model, a service or a prompt contributes is escaped, and no page loads anything from outside.
"""
