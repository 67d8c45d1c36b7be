"""failed

A broker whose methods take other arguments than the contract says.
"""

class Broker:
    def __init__(self, size):
        self.size = size

    def subscribe(self, *topics):
        return iter(())

    def publish(self, message):
        return message
