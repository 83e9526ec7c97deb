"""Contract costs under ASC 340-40 and IFRS 15: what is capitalised, over which months it is expensed, and what ends it
early."""
