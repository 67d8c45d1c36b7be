"""What every screen works with: the session that is kept, its clock, and the candidate's page if there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workbook.interview.events import ClockRan, Event
from workbook.interview.log import Running
from workbook.interview.pair import PairPage
from workbook.interview.session import Refused, run_clock
from workbook.interview.state import Phase, State
from workbook.interview.time_keeper import KEEP_EVERY, TimeKeeper
from workbook.interview.view import candidate_view
from workbook.progress import ProgressError

# The id of a question, a typed text, "answer" or "follow-up" -> words of the text that speak for a point, by its id.
Suggest = Callable[[str, str, str], Mapping[str, tuple[str, ...]]]


class Desk:
    """Sends events with the time at which they happen."""

    def __init__(
        self,
        running: Running,
        keeper: TimeKeeper | None = None,
        page: PairPage | None = None,
        suggest: Suggest | None = None,
    ) -> None:
        self._running = running
        self._suggest = suggest
        self._suggested: tuple[object, Mapping[str, tuple[str, ...]]] = ((), {})
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

    def suggestions(self) -> Mapping[str, tuple[str, ...]]:
        """Key points that the typed answer seems to cover, with the words that say so; no verdict. {} without any."""
        state = self.kept
        part = {Phase.CHECK: "answer", Phase.FOLLOW_CHECK: "follow-up"}.get(state.phase)
        if self._suggest is None or part is None:
            return {}
        if state.turn.pushed:  # a key point of the answer was asked about again
            part = "answer"
        text = state.turn.answer if state.phase is Phase.CHECK else state.turn.follow_up_answer
        asked = (state.turn.item, text, part)
        if self._suggested[0] != asked:
            self._suggested = (asked, self._suggest(*asked) if text.strip() else {})
        return self._suggested[1]

    def _show(self) -> None:
        if self.page is not None:
            self.page.show(candidate_view(self.now()))
