"""Mutation testing: a small change of a module that guards keys or money must make one of its tests fail."""
