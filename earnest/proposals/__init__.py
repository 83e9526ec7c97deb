"""Candidate changes of a plan or of quotas as draft files, and what each would have paid over history."""
