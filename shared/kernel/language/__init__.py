"""What a plan is written in: numbers and names, formulas and filters, crediting rules and measures, and what is wrong
with them."""
