"""Why there is no image: error bodies and finish reasons, read from whatever the service or a relay sends.

It says what happened, whether it may have cost money, when another try makes sense and what to do. Nothing here is
sent again: the courier decides that.
"""
