"""From sums to readings of KPIs: their values as of a business date, and what is wrong with them."""
