"""Access: the people of the company, what they may do, and whose pay each may see."""
