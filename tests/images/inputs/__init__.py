"""Images in and out, with Pillow."""
