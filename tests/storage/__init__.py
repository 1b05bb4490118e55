"""Call folders and what is read from them."""
