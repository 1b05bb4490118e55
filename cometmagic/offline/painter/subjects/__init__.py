"""The drawings: animals, people, plants, buildings, vehicles and household things, and a table of them by name.

Each drawing is a function of a pen and a main colour. The pen stands where the feet are and the drawing is
about 100 units tall. Nothing here knows the prompt, the scene or the size of the picture.
"""
