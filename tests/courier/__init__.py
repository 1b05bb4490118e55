"""The delivery of one call: what is sent, what is kept, what is told when it fails."""
