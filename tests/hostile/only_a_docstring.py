"""failed

There is nothing in this file but this text.
"""


