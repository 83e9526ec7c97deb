"""The lines of a month in bulk: who earned what by which deal, and who set the facts that it rests on."""
