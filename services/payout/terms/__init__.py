"""Payment terms: how what is earned becomes what is paid. Draws, guarantees, limits, holds, clawbacks, leavers."""
