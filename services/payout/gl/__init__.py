"""The general ledger: what a month of pay means in the company's own books, and the files that carry it there."""
