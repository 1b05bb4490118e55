"""Image processing with Pillow: reference images prepared for sending, previews and contact sheets.

Nothing here knows where an image is stored or how it is sent.
"""
