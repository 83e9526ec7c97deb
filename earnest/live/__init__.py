"""The running installation and files in the form that `earnest calc` reads: facts read from it, written as files, and
files loaded into it.
"""
