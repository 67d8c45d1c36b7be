"""What every screen works with: the session that is kept, its clock, and the candidate's page if there is one."""

from __future__ import annotations

from workbook.interview.events import ClockRan, Event
from workbook.interview.log import Running
from workbook.interview.pair import PairPage
from workbook.interview.session import Refused, run_clock
from workbook.interview.state import Phase, State
from workbook.interview.time_keeper import KEEP_EVERY, TimeKeeper
from workbook.interview.view import candidate_view
from workbook.progress import ProgressError


class Desk:
    """Sends events with the time at which they happen."""

    def __init__(
        self, running: Running, keeper: TimeKeeper | None = None, page: PairPage | None = None
    ) -> None:
        self._running = running
        self._keeper = keeper or TimeKeeper(running.state.now)
        self.page = page
        self._show()

    @property
    def id(self) -> int:
        return self._running.id

    @property
    def kept(self) -> State:
        """The state as it is kept."""
        return self._running.state

    def now(self) -> State:
        """The state with the time that went by since; for clocks."""
        return run_clock(self._running.state, self._keeper.read())

    def send(self, event: Event) -> str:
        """ "", or the sentence that says why nothing has changed."""
        try:
            self._running.send(event, self._keeper.read())
        except (Refused, ProgressError) as error:
            return str(error)
        self._show()
        return ""

    def tick(self) -> str:
        """To be called about once a second; a sentence when there is something to tell."""
        state = self.now()
        said = self._keeper.notice()
        if state.phase not in (Phase.READY, Phase.DONE) and state.now - self.kept.now >= KEEP_EVERY:
            said = self.send(ClockRan()) or said
        self._show()
        return said

    def _show(self) -> None:
        if self.page is not None:
            self.page.show(candidate_view(self.now()))
