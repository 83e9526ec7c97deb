"""Policies: every setting of payout as a document with versions, an author and a reason, in force from a date on."""
