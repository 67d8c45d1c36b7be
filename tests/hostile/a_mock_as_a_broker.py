"""failed

Broker is a MagicMock: it has every method, and every method returns something that has everything.
"""

from unittest.mock import MagicMock

Drop = MagicMock
Block = MagicMock
Disconnect = MagicMock
Broker = MagicMock()
