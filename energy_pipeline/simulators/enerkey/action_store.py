"""The energy management actions of all profiles as they are now."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from energy_pipeline.simulators.enerkey.profile import Profile


@dataclass(frozen=True, slots=True)
class StoredAction:
    """An action with the version that an ETag names."""

    document: Mapping[str, object]

    @property
    def version(self) -> str:
        """Entity tag: another one for every other content."""
        content = orjson.dumps(self.document)
        return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


class Actions:
    """The actions by id.

    Raises:
        ValueError: an id occurs twice.
    """

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.lock = threading.RLock()
        self._stored: dict[int, StoredAction] = {}
        for action in (action for profile in profiles for action in profile.actions):
            id = int(str(action["id"]))
            if id in self._stored:
                raise ValueError(f"there are two actions with the id {id}")
            self._stored[id] = StoredAction(action)

    def stored(self, id: int) -> StoredAction:
        """Return an action.

        Raises:
            KeyError: there is none.
        """
        return self._stored[id]

    def of(self, profile: Profile) -> dict[int, StoredAction]:
        """Return the actions of a profile."""
        ids = [int(str(action["id"])) for action in profile.actions]
        return {id: self._stored[id] for id in ids}

    def replace(self, id: int, document: Mapping[str, object]) -> None:
        """Store an action in place of the one with its id."""
        with self.lock:
            self._stored[id] = StoredAction(document)
