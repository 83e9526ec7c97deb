"""What crediting is made of: the deals table, amounts of rules, exchange rates, and deals that credit nobody."""
