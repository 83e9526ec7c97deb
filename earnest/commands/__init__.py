"""The commands of the front door: a module per family, each with `register(app)`. They import what is heavy when they
run.
"""
