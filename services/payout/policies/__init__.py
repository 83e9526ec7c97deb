"""Policies: every setting of payout as a document with versions, an author and a reason, in force from a date on.

What is exported here is this package's face: all that the command line knows of it.
"""

from services.payout.policies.kinds import NoSuchKind, model_of, policy_kinds, schema_of

__all__ = ["NoSuchKind", "model_of", "policy_kinds", "schema_of"]
