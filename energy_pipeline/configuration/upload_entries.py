"""Uploads brought into `sites.yaml`: a meter's id changed, or an entry added to its site.

Every other character of the file stays. Nothing is written that does not read again as the old
sites with exactly these uploads; a site whose form leaves no place is named, and the file is left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import yaml

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.site_file import replace_file
from energy_pipeline.configuration.sites import (
    ReadingKind,
    Registry,
    Site,
    Stream,
    Upload,
    load_registry,
)
from energy_pipeline.errors import StoreError
from energy_pipeline.units import EnergyUnit


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A stream's way to a meter.

    Args:
        site: id of the site.
        stream: of the site.
        meter_id: EnerKey's meter.
        facility_id: EnerKey's facility of the meter.
        reading: what the meter takes.
        unit: its unit.
        before: the meter that the stream has in the file now, None when it has none.
    """

    site: str
    stream: Stream
    meter_id: int
    facility_id: int
    reading: ReadingKind
    unit: EnergyUnit
    before: int | None = None

    @property
    def upload(self) -> Upload:
        """The upload as the site file says it."""
        return Upload(
            stream=self.stream,
            meter_id=self.meter_id,
            facility_id=self.facility_id,
            reading=self.reading,
            unit=self.unit,
        )

    def lines(self) -> list[str]:
        """Return the lines of its entry, the first one without its dash."""
        return [
            f"stream: {self.stream}",
            f"meter_id: {self.meter_id}",
            f"facility_id: {self.facility_id}",
            f"reading: {self.reading}",
            f"unit: {self.unit}",
        ]


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def write_uploads(path: Path, uploads: Sequence[NewUpload], settings: Settings) -> None:
    """Bring uploads into a site file.

    Raises:
        ConfigurationError: the file has mistakes already.
        StoreError: a site's entry leaves no place for an upload, or the file cannot be written.
    """
    target = path.resolve()
    wanted = _with_uploads(load_registry(target, settings), uploads)
    text = target.read_bytes().decode()
    for each in uploads:
        text = _applied(text, list(_edits(text, each)))
    if not replace_file(target, text, lambda registry: registry == wanted, settings):
        entries = "\n".join(f"{each.site}: {{{', '.join(each.lines())}}}" for each in uploads)
        message = f"{path}: these uploads cannot be put in their place; write them by hand"
        raise StoreError(f"{message}\n{entries}")


def _with_uploads(registry: Registry, uploads: Sequence[NewUpload]) -> Registry:
    sites = [_with_own(site, [u for u in uploads if u.site == site.id]) for site in registry.sites]
    return registry.model_copy(update={"sites": tuple(sites)})


def _with_own(site: Site, uploads: Sequence[NewUpload]) -> Site:
    own = list(site.uploads)
    for each in uploads:
        at = next((n for n, upload in enumerate(own) if upload.meter_id == each.before), None)
        if at is None:
            own.append(each.upload)
        else:
            facility = each.facility_id if own[at].facility_id is not None else None
            changed = {"meter_id": each.meter_id, "facility_id": facility}
            own[at] = own[at].model_copy(update=changed)
    return site.model_copy(update={"uploads": tuple(own)})


def _edits(text: str, upload: NewUpload) -> Iterator[_Edit]:
    site = _site(text, upload.site)
    if site is None:
        return
    entries = _member(site, "uploads")
    if upload.before is not None and isinstance(entries, yaml.SequenceNode):
        yield from _changed_ids(entries, upload)
    elif isinstance(entries, yaml.SequenceNode) and entries.value and not entries.flow_style:
        dash = text.rfind("-", 0, entries.value[-1].start_mark.index)
        yield _added(text, _last(entries), upload, dash - text.rfind("\n", 0, dash) - 1)
    elif entries is None and not site.flow_style:
        indent = site.start_mark.column
        yield _added(text, _last(site), upload, indent + 2, f"{' ' * indent}uploads:\n")


def _changed_ids(entries: yaml.SequenceNode, upload: NewUpload) -> Iterator[_Edit]:
    for entry in entries.value:
        meter = _member(entry, "meter_id")
        if meter is None or meter.value != str(upload.before):
            continue
        for name, id in (("meter_id", upload.meter_id), ("facility_id", upload.facility_id)):
            node = _member(entry, name)
            if node is not None and node.value not in ("", "null", "~"):
                yield _Edit(node.start_mark.index, node.end_mark.index, str(id))


def _added(text: str, after: int, upload: NewUpload, indent: int, head: str = "") -> _Edit:
    """Return the entry in lines of its own, after the line of the character `after`."""
    end = text.find("\n", after)
    at, gap = (len(text), "\n") if end < 0 else (end + 1, "")
    first, *others = upload.lines()
    lines = [f"{' ' * indent}- {first}", *(f"{' ' * (indent + 2)}{line}" for line in others)]
    return _Edit(at, at, gap + head + "".join(f"{line}\n" for line in lines))


def _applied(text: str, edits: Sequence[_Edit]) -> str:
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _site(text: str, id: str) -> yaml.MappingNode | None:
    root = yaml.compose(text, yaml.SafeLoader)
    sites = _member(root, "sites")
    for site in sites.value if isinstance(sites, yaml.SequenceNode) else ():
        name = _member(site, "id")
        if name is not None and name.value == id:
            return cast(yaml.MappingNode, site)
    return None


def _member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _last(node: yaml.Node) -> int:
    """Return the index behind the last thing that is written inside a node."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return max(_last(value) for pair in node.value for value in pair)
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return max(_last(value) for value in node.value)
    return node.end_mark.index
