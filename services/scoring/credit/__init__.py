"""Crediting: facts of deals merge, each deal is credited, and what that changed goes on to whoever earns by it."""
