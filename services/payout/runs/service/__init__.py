"""What is done with runs, over a connection: looked at, calculated, moved on, released. What is decided is in the
modules beside.
"""
