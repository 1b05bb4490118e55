"""The Python values that can hold a reference image, reduced to what `images.references` opens.

Nothing here knows what is sent, and no optional library is imported: a value that belongs to one has imported it.
"""
