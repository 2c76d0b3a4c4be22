"""Where tokens go, without a database: split, default, join, end."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.processes import END, A, T, parallel, process
from workflow import drawing, preparing
from workflow.graph import Graph
from workflow.routing import Marking, Moves, choose, forward


def graph_of(data) -> Graph:
    ready, _ = preparing.prepared(data)
    return drawing.graph_of(ready)


def go(graph: Graph, marking: Marking, item: int, activity: str, *keys: str) -> Moves:
    """Move a token along the named transitions; new numbers follow the item's."""
    ways = [graph.edge(key) for key in keys]
    ids = range(item * 10, item * 10 + len(ways))
    return forward(
        graph, marking, item=item, activity=activity, taken=ways, new_ids=ids
    )


def statuses(moves: Moves) -> list[tuple[str, str]]:
    return [(new.activity, new.status) for new in moves.created]


def xor(*ways):
    return graph_of(
        process(A("ask", "Ask", split_mode="xor"), A("b", "B"), END, ways=ways)
    )


def taken(graph: Graph, true: set[str]) -> list[str]:
    return [way.key for way in choose(graph, "ask", passes=lambda w: w.key in true)]


def test_an_xor_split_takes_the_first_way_that_passes_and_asks_no_further():
    graph = xor(
        T("ask", "b", "1", "eq:A", key="one", order=1),
        T("ask", "end", "2", "eq:B", key="two", order=2),
        T("b", "end", "3"),
    )
    asked: list[str] = []
    choose(graph, "ask", passes=lambda way: asked.append(way.key) or True)
    assert asked == ["one"]
    assert taken(graph, {"one", "two"}) == ["one"]
    assert taken(graph, {"two"}) == ["two"]


def test_r24_a_default_never_wins_over_a_matching_way_and_order_decides():
    graph = xor(
        T("ask", "b", "otherwise", is_default=True, key="otherwise", order=0),
        T("ask", "end", "late", "eq:B", key="late", order=9),
        T("ask", "b", "early", "eq:A", key="early", order=1),
        T("b", "end", "3"),
    )
    everything = {"otherwise", "late", "early"}
    assert taken(graph, everything) == ["early"]
    assert taken(graph, {"otherwise", "late"}) == ["late"]
    assert taken(graph, {"otherwise"}) == ["otherwise"]


def test_r25_a_split_without_match_takes_nothing():
    graph = xor(T("ask", "b", "1", "eq:A"), T("b", "end", "2"))
    assert taken(graph, set()) == []


def test_a_single_plain_way_beside_conditions_becomes_the_default():
    graph = xor(
        T("ask", "b", "Anything else", key="plain"),
        T("ask", "end", "OK", "eq:OK", key="ok", order=5),
        T("b", "end", "2"),
    )
    assert graph.edge("plain").is_default
    assert taken(graph, {"plain", "ok"}) == ["ok"]


def test_an_and_split_takes_every_way_that_passes():
    graph = graph_of(parallel())
    both = {"ask--security", "ask--finance"}
    assert taken(graph, both) == ["ask--security", "ask--finance"]
    assert taken(graph, {"ask--finance"}) == ["ask--finance"]


def started(key: str = "ask") -> Marking:
    return Marking().arrived(key)


def split(graph: Graph) -> Marking:
    return go(graph, started(), 1, "ask", "ask--security", "ask--finance").marking


def test_a_join_waits_for_the_branch_that_is_still_running():
    graph = graph_of(parallel())
    first = go(graph, split(graph), 10, "security", "security--finalize")
    assert statuses(first) == [("finalize", "blocked")]
    assert first.marking.waiting == {"security--finalize": (10,)}

    second = go(graph, first.marking, 11, "finance", "finance--finalize")
    assert second.created == ()
    [released] = second.released
    assert (released.id, released.status) == (100, "inactive")
    assert set(released.others) == {10, 11}
    assert second.marking == Marking(at={"finalize": 1})


def test_r17_a_join_does_not_wait_for_a_branch_that_was_not_taken():
    graph = graph_of(parallel())
    only = go(graph, started(), 1, "ask", "ask--security")
    joined = go(graph, only.marking, 10, "security", "security--finalize")
    assert statuses(joined) == [("finalize", "inactive")]
    assert joined.marking == Marking(at={"finalize": 1})


def looping() -> Graph:
    """Security may go back to itself by way of rework, and only then to the join."""
    return graph_of(
        process(
            A("ask", "Ask"),
            A("security", "Security", split_mode="xor"),
            A("rework", "Rework"),
            A("finance", "Finance"),
            A("finalize", "Finalize", join_mode="and", split_mode="xor"),
            END,
            ways=(
                T("ask", "security", "a"),
                T("ask", "finance", "b"),
                T("security", "finalize", "ok", "eq:OK"),
                T("security", "rework", "no", "eq:NO"),
                T("rework", "security", "again"),
                T("finance", "finalize", "ok"),
                T("finalize", "end", "ok", "eq:OK"),
                T("finalize", "ask", "all again", "eq:AGAIN"),
            ),
        )
    )


def test_r16_a_loop_never_stands_for_a_missing_branch():
    graph = looping()
    marking = split(graph)
    marking = go(graph, marking, 10, "security", "security--rework").marking
    waiting = go(graph, marking, 11, "finance", "finance--finalize")
    assert statuses(waiting) == [("finalize", "blocked")]

    back = go(graph, waiting.marking, 100, "rework", "rework--security")
    assert back.released == ()
    done = go(graph, back.marking, 1000, "security", "security--finalize")
    assert [item.status for item in done.released] == ["inactive"]


def test_a_join_in_a_loop_begins_a_new_round_with_each_pass():
    graph = looping()
    marking = split(graph)
    for number in (10, 50):
        first = go(graph, marking, number, "security", "security--finalize")
        assert statuses(first) == [("finalize", "blocked")]
        second = go(graph, first.marking, number + 1, "finance", "finance--finalize")
        assert [item.status for item in second.released] == ["inactive"]
        again = go(graph, second.marking, number + 2, "finalize", "finalize--ask")
        marking = go(
            graph, again.marking, number + 3, "ask", "ask--security", "ask--finance"
        ).marking
    assert marking.at == {"security": 1, "finance": 1}


def test_r26_a_second_token_on_one_way_queues_for_the_next_round():
    graph = graph_of(parallel())
    marking = split(graph).arrived("security")
    first = go(graph, marking, 10, "security", "security--finalize")
    second = go(graph, first.marking, 12, "security", "security--finalize")
    assert statuses(second) == [("finalize", "blocked")]
    assert second.released == ()
    assert second.marking.rounds == {"finalize": (100, 120)}

    third = go(graph, second.marking, 11, "finance", "finance--finalize")
    # Finance is gone for good, so nothing is left for the second round to wait for.
    assert [item.id for item in third.released] == [100, 120]
    assert third.marking == Marking(at={"finalize": 2})


def test_a_branch_that_dies_elsewhere_releases_the_join_in_the_same_step():
    graph = graph_of(
        process(
            A("ask", "Ask"),
            A("a", "A"),
            A("b", "B", split_mode="xor"),
            A("join", "Join", join_mode="and"),
            A("other", "Other"),
            END,
            ways=(
                T("ask", "a", "a"),
                T("ask", "b", "b"),
                T("a", "join", "a"),
                T("b", "join", "b", "eq:JOIN"),
                T("b", "other", "o", "eq:OTHER"),
                T("join", "end", "j"),
                T("other", "end", "o"),
            ),
        )
    )
    marking = go(graph, started(), 1, "ask", "ask--a", "ask--b").marking
    waiting = go(graph, marking, 10, "a", "a--join")
    assert statuses(waiting) == [("join", "blocked")]
    dies = go(graph, waiting.marking, 11, "b", "b--other")
    assert statuses(dies) == [("other", "inactive")]
    assert [(item.id, item.status) for item in dies.released] == [(100, "inactive")]


def test_r22_two_branches_that_reach_the_end_complete_the_instance_once():
    graph = graph_of(
        process(
            A("ask", "Ask"),
            A("a", "A"),
            A("b", "B"),
            END,
            ways=(
                T("ask", "a", "a"),
                T("ask", "b", "b"),
                T("a", "end", "a"),
                T("b", "end", "b"),
            ),
        )
    )
    marking = go(graph, started(), 1, "ask", "ask--a", "ask--b").marking
    first = go(graph, marking, 10, "a", "a--end")
    assert statuses(first) == [("end", "complete")]
    # R23: the other token keeps the instance running.
    assert not first.is_complete
    assert go(graph, first.marking, 11, "b", "b--end").is_complete


def test_two_joins_that_wait_for_each_other_are_reported_as_stuck():
    graph = graph_of(
        process(
            A("ask", "Ask"),
            A("one", "One", join_mode="and"),
            A("two", "Two", join_mode="and"),
            END,
            ways=(
                T("ask", "one", "1"),
                T("ask", "two", "2"),
                T("one", "two", "x"),
                T("two", "one", "y"),
                T("one", "end", "e"),
            ),
        )
    )
    moves = go(graph, started(), 1, "ask", "ask--one", "ask--two")
    assert statuses(moves) == [("one", "blocked"), ("two", "blocked")]
    assert moves.stuck == (10, 11)


def test_a_marking_survives_its_storage():
    marking = Marking({"a": 2}, {"a--b": (1, 2)}, {"b": (7,)})
    assert Marking.from_json(marking.as_json()) == marking


# Properties


def can_reach(graph: Graph, start: str, edge_key: str) -> bool:
    """Walk every path from an activity to a transition, never through its target."""
    join = graph.edge(edge_key).target
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for edge in graph.edges:
            if edge.source != here:
                continue
            if edge.key == edge_key:
                return True
            if edge.target not in seen and edge.target != join:
                seen.add(edge.target)
                waiting.append(edge.target)
    return False


@st.composite
def graphs(draw) -> Graph:
    """Draw processes of three to seven activities with random ways and joins."""
    count = draw(st.integers(1, 5))
    keys = ["ask", *(f"a{number}" for number in range(count)), "end"]
    ways = [T(keys[i], keys[i + 1], "next") for i in range(len(keys) - 1)]
    pairs = st.tuples(st.sampled_from(keys[:-1]), st.sampled_from(keys[1:]))
    for source, target in draw(st.lists(pairs, max_size=6)):
        if source != target:
            ways.append(T(source, target, "extra"))
    joins = draw(st.sets(st.sampled_from(keys[1:])))
    activities = [
        A(key, key, join_mode="and" if key in joins else "xor") for key in keys
    ]
    return graph_of(process(*activities, ways=tuple(ways)))


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_reachability_agrees_with_a_walk_along_every_path(graph: Graph):
    for edge in graph.edges:
        if graph.nodes[edge.target].joins:
            for key in graph.nodes:
                found = key in graph.reaching(edge.key)
                assert found == can_reach(graph, key, edge.key), (key, edge.key)


@given(graphs(), st.data())
@settings(max_examples=150, deadline=None)
def test_no_token_is_lost_or_made_up_whatever_ways_are_taken(graph: Graph, data):
    marking = started()
    live: dict[int, str] = {1: "ask"}
    blocked: dict[int, str] = {}
    number = 1
    for _ in range(25):
        if not live:
            break
        item = data.draw(st.sampled_from(sorted(live)))
        activity = live.pop(item)
        ways = graph.ways(activity)
        chosen = data.draw(st.lists(st.sampled_from(ways), min_size=1, unique=True))
        ids = range(number + 1, number + 1 + len(chosen))
        number += len(chosen)
        moves = forward(
            graph, marking, item=item, activity=activity, taken=chosen, new_ids=ids
        )
        for new in moves.created:
            target = {"inactive": live, "blocked": blocked}.get(new.status, {})
            target[new.id] = new.activity
        for freed in moves.released:
            assert blocked.pop(freed.id) == freed.activity
            if freed.status == "inactive":
                live[freed.id] = freed.activity
        marking = moves.marking
        agree(graph, marking, live, blocked)
        assert moves.is_complete is (not live and not blocked)
        if moves.stuck:
            assert not live


def agree(
    graph: Graph, marking: Marking, live: Mapping[int, str], blocked: Mapping[int, str]
) -> None:
    """Check that the marking says where the work items are (B11)."""
    for key in graph.nodes:
        assert marking.at.get(key, 0) == list(live.values()).count(key)
        rounds = marking.rounds.get(key, ())
        assert sorted(rounds) == sorted(n for n, k in blocked.items() if k == key)
        queues = [len(marking.waiting.get(e.key, ())) for e in graph.entering(key)]
        assert len(rounds) == max(queues, default=0)
        if rounds:
            assert_waits_with_reason(graph, marking, key, [*live.values()])


def assert_waits_with_reason(
    graph: Graph, marking: Marking, join: str, live: list[str]
) -> None:
    """A join waits only while some branch can still arrive, by the slow oracle."""
    elsewhere = [*live, *(key for key in marking.rounds if key != join)]
    missing = [e.key for e in graph.entering(join) if e.key not in marking.waiting]
    assert any(can_reach(graph, key, way) for key in elsewhere for way in missing)
