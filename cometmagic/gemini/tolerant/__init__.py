"""Reads responses as relays really send them: odd JSON, odd base64, images inside texts.

Each module handles one kind of oddity. None of them knows about requests, files or errors of the API.
"""
