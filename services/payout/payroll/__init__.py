"""Payroll: lines of a run, the files that payroll systems take, and the batches in which they are handed over."""
