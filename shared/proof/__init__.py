"""Proof that holds against the owner of the database: what is kept is noted under hashes, in chains whose heads are
signed with a key that the database does not have, and anchors of them lie elsewhere.
"""
