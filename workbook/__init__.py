"""Pub/Sub interview workbook: graders, progress, and the command line around them."""
