"""A scenario for tests of what runs scenarios: it throws coins, stops the sweep, or breaks."""

from dataclasses import dataclass

from sim.scenario import Result, Scenario, measure, parameter
from sim.streams import Streams


@dataclass(frozen=True, kw_only=True)
class CoinResult(Result):
    heads: int = measure(unit="coins", help="heads")


@dataclass(frozen=True, kw_only=True)
class Coin(Scenario):
    """Throws coins; may take its time, stop the sweep, or fail."""

    name = "coin"
    compared = "bias"
    bias: float = parameter(0.5, unit="share", help="of heads", at_least=0, at_most=1)
    coins: int = parameter(10, unit="coins", help="thrown", at_least=0)
    stop_at: int = parameter(10**9, unit="replication", help="that presses Ctrl-C")
    fail_at: int = parameter(10**9, unit="replication", help="that breaks")

    def run(self, seed: int, replication: int = 0, streams: str = "auto") -> CoinResult:
        draws = Streams(seed, replication, streams)
        if replication == self.stop_at:
            raise KeyboardInterrupt
        if replication == self.fail_at:
            raise ZeroDivisionError("no coins left")
        throw = draws.uniform("throw").__next__
        heads = sum(throw() < self.bias for _ in range(self.coins))
        return CoinResult(**self.origin(draws), heads=heads)
