"""Spaced repetition: cards of questions, concept checks and red flags, and when each is to be seen again."""
