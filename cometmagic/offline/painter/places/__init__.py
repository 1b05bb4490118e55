"""The backgrounds: landscapes, streets and rooms, the weather, and a table of the places by name.

Each place is a function that paints a scene and returns the floor on which subjects can stand. Nothing here
knows which subjects will follow.
"""
