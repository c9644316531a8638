"""The live panel in JupyterLab: the browser draws the scenes that the learner's functions make here."""

from __future__ import annotations

from importlib import resources
from typing import Any

import anywidget
import traitlets

from course_utils.explorers.session import Answer, Session
from course_utils.explorers.still import Still

INTERRUPTED = "Your function was interrupted: move a slider, or fix the function and run this cell again."
AGAIN = "This is only a picture. Run this cell to get the sliders."
_show = resources.files("course_utils.explorers") / "show"


class LivePanel(anywidget.AnyWidget):
    """An explorer in a notebook. The browser sets `asked` (positions of the controls), and this class sets `answered`
    (the scene). An answer contains the number of the request that it answers."""

    _esm = (_show / "explorer.js").read_text(encoding="utf-8")
    _css = (_show / "explorer.css").read_text(encoding="utf-8")
    explorer = traitlets.Dict().tag(sync=True)
    recording = traitlets.Dict(allow_none=True).tag(sync=True)
    asked = traitlets.Dict().tag(sync=True)
    answered = traitlets.Dict().tag(sync=True)

    def __init__(self, session: Session) -> None:
        first = session.first()
        super().__init__(
            explorer=session.explorer.to_json(),
            recording=None if first.live else session.recording,
            answered=_answered(0, first),
        )
        self._session = session
        self._first = first

    @traitlets.observe("asked")
    def _answer(self, change: Any) -> None:
        asked = change["new"]
        try:
            answer = self._session.at(asked.get("positions", {}))
        except KeyboardInterrupt:
            # The browser waits for an answer, even after an interrupt.
            answer = Answer(None, live=True, message=INTERRUPTED)
        if self.recording is None and not answer.live:
            self.recording = self._session.recording
        self.answered = _answered(asked.get("number", 0), answer)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        # The picture replaces the panel if no browser draws it: in a saved notebook, or in print.
        return {**data, **Still(self._first, AGAIN)._repr_mimebundle_()}, metadata


def _answered(number: int, answer: Answer) -> dict[str, Any]:
    return {"number": number, "scene": answer.scene, "live": answer.live, "message": answer.message}
