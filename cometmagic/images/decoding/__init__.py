"""Opens image files with Pillow, within limits of format, pixels and memory, whoever made the file.

Nothing here knows what an image is for. It is the only place that opens one.
"""
