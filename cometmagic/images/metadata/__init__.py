"""What image files carry beside their pixels, found and left out without decoding the pixels."""
