"""A request as a program that sends it, to show what a cell does or to use the API without cometmagic.

Each kind is a complete program that runs as printed, with only `COMETAPI_KEY` and, optionally, `COMETAPI_BASE_URL`
in the environment. It sends the same body as the magic and saves the final image under a new name in the working
folder. Images are read from files, and the key is never part of a program. This package sends nothing, and knows
neither the notebook nor where a request comes from.
"""
