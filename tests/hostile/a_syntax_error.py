"""failed

Cannot be compiled.
"""

class Broker
    def publish(self, topic, message:
        pass
