"""Pictures, with Pillow: references on their way in, previews and contact sheets on their way out.

Nothing here knows where an image is stored or how it is sent.
"""
