"""How are image files opened? By Pillow, within limits of format, pixels and memory, whoever made the file.

Nothing here knows what an image is for. It is the only place that opens one.
"""
