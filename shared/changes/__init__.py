"""Changes: what controls money is proposed by one person and takes effect when another has approved it."""

from __future__ import annotations

from shared.changes.change import Change, Decision, State, Verdict

__all__ = ["Change", "Decision", "State", "Verdict"]
