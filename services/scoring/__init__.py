"""Scoring: from facts to credits, measures and earnings, kept current as events arrive."""
