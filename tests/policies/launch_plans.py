"""Random plans of launches."""

from hypothesis import strategies as st

from policies.rules.launch_plan import Importance, Item, Plan, plan_of

IDS = tuple(f"rel_{number}" for number in range(12))


@st.composite
def acyclic(draw: st.DrawFn, most: int = 8) -> Plan:
    """Requirements lead to earlier items only, in a drawn order."""
    ids = draw(st.lists(st.sampled_from(IDS), unique=True, min_size=1, max_size=most))
    items = [
        Item(
            name,
            wave=draw(st.integers(1, 3)),
            importance=draw(st.sampled_from(list(Importance))),
            requires=tuple(draw(st.lists(st.sampled_from(ids[:at]), unique=True)) if at else ()),
            offset_s=draw(st.sampled_from([0, 0, 600, 3600])),
        )
        for at, name in enumerate(ids)
    ]
    return plan_of(draw(st.permutations(items)))


@st.composite
def any_graph(draw: st.DrawFn) -> Plan:
    """Requirements lead anywhere, to the item itself and out of the plan too."""
    ids = draw(st.lists(st.sampled_from(IDS), unique=True, min_size=1, max_size=8))
    targets = st.lists(st.sampled_from(IDS), unique=True, max_size=3)
    return plan_of([Item(name, requires=tuple(draw(targets))) for name in ids])
