"""Whether a plan may be carried out: EnerKey deletes what a snapshot leaves out, for ever.

Pure. A person allows a deletion by naming it; nobody can allow an empty snapshot.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from energy_pipeline.sinks.enerkey.provisioning.plan import Plan, Thing

_MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person has said about a snapshot.

    Args:
        is_complete: the file lists every customer.
        existing_customers: how many customers EnerKey had before the very first snapshot.
        confirm_delete: external ids that may be deleted.
        confirm_plan: the hash of the plan that was looked at.
    """

    is_complete: bool
    existing_customers: int | None = None
    confirm_delete: frozenset[str] = frozenset()
    confirm_plan: str | None = None


def refusals(plan: Plan, terms: Terms) -> list[str]:
    """Return why nothing may be sent, one sentence each; none when it may."""
    return [
        *_incomplete(terms),
        *_first(plan, terms),
        *_empty(plan),
        *_deletions(plan, terms),
        *_half(plan, terms),
    ]


def _incomplete(terms: Terms) -> Iterator[str]:
    if not terms.is_complete:
        yield (
            "`complete: true` is missing: nobody has said that the file lists every customer, and "
            "those that it lacks would be deleted"
        )


def _first(plan: Plan, terms: Terms) -> Iterator[str]:
    if not plan.is_first or plan.kind != "customers":
        return
    if terms.existing_customers is None:
        yield (
            "this is the first snapshot: set `existing_customers` to the number of customers that "
            "EnerKey has now; those that the file lacks would be deleted"
        )
    elif terms.existing_customers > plan.after:
        yield (
            f"EnerKey has {terms.existing_customers} customers and the file {plan.after}: at least "
            f"{terms.existing_customers - plan.after} would be deleted; list them all first"
        )


def _empty(plan: Plan) -> Iterator[str]:
    if plan.after == 0 and (plan.before or plan.kind == "customers"):
        yield f"the snapshot is empty: all {plan.kind} would be deleted; this cannot be confirmed"


def _deletions(plan: Plan, terms: Terms) -> Iterator[str]:
    unnamed = [thing for thing in plan.deleted if thing.id not in terms.confirm_delete]
    if unnamed:
        ids = ", ".join(f'"{thing.id}"' for thing in unnamed[:_MOST_NAMED])
        yield (
            f"{len(unnamed)} would be deleted with all they hold: {_named(plan, unnamed)}; if that "
            f"is meant, run with confirm_delete: [{ids}]"
        )


def _half(plan: Plan, terms: Terms) -> Iterator[str]:
    if plan.loses_half and terms.confirm_plan != plan.hash:
        said = "" if terms.confirm_plan is None else f" (found {terms.confirm_plan})"
        yield (
            f"{len(plan.deleted)} of {plan.before} would be deleted, half or more: look at the "
            f'plan and run with confirm_plan: "{plan.hash}" as well{said}'
        )


def _named(plan: Plan, things: Sequence[Thing]) -> str:
    shown = [_label(plan, thing) for thing in things[:_MOST_NAMED]]
    more = len(things) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _label(plan: Plan, thing: Thing) -> str:
    new_id = plan.moved.get(thing.id)
    moved = f", whose id became {new_id}: delete and create" if new_id else ""
    return f"{thing.what} {thing.id} ({thing.name}{moved})"
