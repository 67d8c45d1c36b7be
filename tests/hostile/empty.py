# failed
# Nothing here: an empty file but for these two comments.
