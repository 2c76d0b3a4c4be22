"""A flow of control: does the steps for real, beside the model of what must happen.

`perform` yields acts and is sent their results, so that the same code runs in a thread
and in a coroutine, which takes what is at the database to another thread.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import connections, transaction

from tenants.context import Control, TenantInfo, bind, current_or_none
from tenants.testing.interleave import ways
from tenants.testing.interleave.acts import Act, Acts, Where, finish
from tenants.testing.interleave.foresight import LOST, SWITCH, Foreseen, Line
from tenants.testing.interleave.places import SCRATCH, Context, Log, Seen, World
from tenants.testing.interleave.schedules import Step

DEEPEST: Final = 8
#: No two scratch rows of a process have the same name.
numbers = itertools.count(1)


class Upset(Exception):
    """The error of a step that leaves blocks by one."""


@dataclass
class Desk:
    """What a thread has at hand: its connections, and what was kept from before."""

    world: World
    lines: dict[str, Line] = field(default_factory=dict)
    cursors: dict[str, Any] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    savepoints: dict[str, list[tuple[int | None, Any]]] = field(default_factory=dict)
    queries: list[tuple[str, Context, Any]] = field(default_factory=list)
    bound: list[tuple[str, Context, Callable[[], Seen]]] = field(default_factory=list)
    heard: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        for alias in self.world.aliases:
            self.lines[alias] = Line()
            self.savepoints[alias] = []

    @property
    def is_clean(self) -> bool:
        """Tell whether no transaction is open."""
        return not any(line.in_atomic for line in self.lines.values())


@dataclass
class Frame:
    """A block that a flow is in: of a context, or of a transaction."""

    block: Any
    alias: str = ""
    context: Context = None


def refuse(is_another: bool) -> None:  # noqa: FBT001 - what decides
    """Foresee that another context is not entered."""
    if is_another:
        raise Foreseen(SWITCH)


class Flow:
    """One flow of control, with its own context."""

    def __init__(
        self,
        desk: Desk,
        log: Log,
        name: str,
        base: Context = None,
        *,
        meets_transactions: bool = True,
    ) -> None:
        self.desk = desk
        self.world = desk.world
        self.log = log
        self.name = name
        self.base = base
        # A coroutine enters contexts in a thread that has no transactions.
        self.asked = list(desk.lines.values()) if meets_transactions else []
        self.frames: list[Frame] = []
        self.compared = 0
        self.step: Step | None = None

    @property
    def context(self) -> Context:
        """Return the context that the flow must be in."""
        entered = [frame.context for frame in self.frames if frame.context]
        return entered[-1] if entered else self.base

    def perform(self, step: Step) -> Acts:
        """Do one step, and compare."""
        self.step, before = step, self.compared
        alias = self.world.aliases[step.db % len(self.world.aliases)]
        yield from getattr(self, f"do_{step.op}")(step, alias)
        if not step.quiet:
            yield from self.do_ask(step, alias)
        self.expect(self.context, current_or_none(), "the context")
        if self.compared > before:
            self.log.count()

    # Comparing

    def attempt(
        self,
        foresee: Callable[[], Any],
        do: Callable[[], Any],
        *,
        where: Where = Where.DATABASE,
    ) -> Acts:
        """Do something, and compare how it ends with the model.

        Returns whether it ended well, what the model returned, and what was returned.
        """
        foreseen, names = None, frozenset[str]()
        try:
            foreseen = foresee()
        except Foreseen as error:
            names = error.names
        try:
            result = yield Act(do, where)
        except Exception as error:  # noqa: BLE001 - which one it is, is the question
            if type(error).__name__ not in names:
                self.fault(f"{error!r} instead of {sorted(names)}")
            return False, foreseen, None
        if names:
            self.fault(f"{result!r} instead of {sorted(names)}")
        return not names, foreseen, result

    def compare(self, context: Context, seen: Seen) -> None:
        """Compare what the database answered with the context."""
        if context is None:
            self.fault(f"{seen!r} without a context")
        else:
            self.compared += 1
            self.expect(self.world.answer(context), seen, "the database")

    def compare_rows(self, context: Context, names: list[str]) -> None:
        """See that all scratch rows are the tenant's own."""
        own = f"{SCRATCH}:{context.uuid}:" if context else "none"
        foreign = [name for name in names if not name.startswith(own)]
        self.expect([], foreign, "rows of others")

    def expect(self, wanted: object, seen: object, what: str) -> None:
        if wanted != seen:
            self.fault(f"{what}: {seen!r} instead of {wanted!r}")

    def fault(self, text: str) -> None:
        self.log.fault(f"{self.name}, {self.step}: {text}")

    def query(
        self, foresee: Callable[[], Any], do: Callable[[], Seen], context: Context
    ) -> Acts:
        """Attempt something that returns the answer to PROBE."""
        went_well, _, seen = yield from self.attempt(foresee, do)
        if went_well:
            self.compare(context, seen)

    # Contexts

    def do_use(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Enter a context."""
        yield from self.enter(self.world.place(step.arg))

    def do_share(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Enter a context that may go on in the open transaction of another."""
        yield from self.enter(self.world.place(step.arg), shared=True)

    def do_turn(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Enter the same tenant as its owner, or as usual again."""
        if self.context:
            yield from self.enter(self.world.guise(self.context))

    def enter(self, place: TenantInfo | Control, *, shared: bool = False) -> Acts:
        if len(self.frames) >= DEEPEST:
            return
        present = self.context

        def foresee() -> None:
            for line in self.asked:
                line.enter(present, place, shared=shared)

        block = ways.entering(place, shared=shared)
        went_well, _, _ = yield from self.attempt(
            foresee, block.__enter__, where=Where.HERE
        )
        if went_well:
            self.frames.append(Frame(block, context=place))

    def do_leave(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Leave the innermost block."""
        if self.frames:
            yield from self.leave(None)

    def do_raise(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Leave some blocks by an exception."""
        for _ in range(min(1 + step.arg % 3, len(self.frames))):
            yield from self.leave(Upset())

    def leave(self, error: Exception | None) -> Acts:
        frame = self.frames[-1]
        kind = type(error) if error else None

        def do() -> None:
            frame.block.__exit__(kind, error, None)

        if not frame.alias:
            self.frames.pop()
            yield from self.attempt(ways.nothing, do, where=Where.HERE)
            return
        line, context = self.desk.lines[frame.alias], self.context
        self.frames.pop()
        was_closed = line.is_closed
        yield from self.attempt(lambda: line.end(context, failed=error is not None), do)
        if was_closed and not line.in_atomic:
            self.lay_by(frame.alias)
        self.compare_heard(line)

    def unwind(self, error: Exception | None = None) -> Acts:
        """Leave all blocks."""
        while self.frames:
            yield from self.leave(error)

    # Atomic blocks and savepoints

    def do_atomic(self, step: Step, alias: str, *, savepoint: bool = True) -> Acts:  # noqa: ARG002 - as all steps
        """Enter an atomic block."""
        if len(self.frames) >= DEEPEST:
            return
        line, context = self.desk.lines[alias], self.context
        block = transaction.atomic(using=alias, savepoint=savepoint)
        went_well, _, _ = yield from self.attempt(
            lambda: line.begin(context, savepoint=savepoint), block.__enter__
        )
        if went_well:
            self.frames.append(Frame(block, alias=alias))

    def do_flat(self, step: Step, alias: str) -> Acts:
        """Enter an atomic block that sets no savepoint."""
        yield from self.do_atomic(step, alias, savepoint=False)

    def do_savepoint(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Set a savepoint by hand."""
        line, context = self.desk.lines[alias], self.context
        went_well, number, sid = yield from self.attempt(
            lambda: line.savepoint(context), lambda: transaction.savepoint(alias)
        )
        if went_well and sid:
            self.desk.savepoints[alias].append((number, sid))

    def do_undo(self, step: Step, alias: str) -> Acts:
        """Roll back to a savepoint that was set by hand, perhaps long ago."""
        line = self.desk.lines[alias]
        yield from self.end_savepoint(
            step, alias, line.undo, transaction.savepoint_rollback
        )

    def do_release(self, step: Step, alias: str) -> Acts:
        """Release a savepoint that was set by hand."""
        line = self.desk.lines[alias]
        yield from self.end_savepoint(
            step, alias, line.release, transaction.savepoint_commit
        )

    def end_savepoint(
        self,
        step: Step,
        alias: str,
        foresee: Callable[[Context, int | None], None],
        end: Callable[[Any, str], None],
    ) -> Acts:
        """End one of the last savepoints that were set by hand."""
        if kept := self.desk.savepoints[alias]:
            context = self.context
            number, sid = kept[-1 - step.arg % min(3, len(kept))]
            yield from self.attempt(
                lambda: foresee(context, number), lambda: end(sid, alias)
            )

    def do_gamble(self, step: Step, alias: str) -> Acts:
        """Try something in another context, and take it back before leaving it."""
        depth = len(self.frames)
        yield from self.do_savepoint(step, alias)
        if step.arg % 2:
            yield from self.do_share(step, alias)
        else:
            yield from self.do_turn(step, alias)
        yield from self.do_ask(step, alias)
        yield from self.do_undo(replace(step, arg=0), alias)
        yield from self.do_ask(step, alias)
        if len(self.frames) > depth:
            yield from self.leave(None)

    def do_by_hand(self, step: Step, alias: str) -> Acts:
        """Have a transaction without a block: it belongs to one context as well."""
        context, line = self.context, self.desk.lines[alias]
        if context is None or line.in_atomic or line.is_closed:
            return
        place = self.world.place(step.arg)
        is_another = bool(self.asked) and place.uuid != context.uuid
        yield Act(lambda: transaction.set_autocommit(False, alias))
        yield from self.do_ask(step, alias)
        block = ways.entering(place, shared=False)
        went_well, _, _ = yield from self.attempt(
            lambda: refuse(is_another), block.__enter__, where=Where.HERE
        )
        if went_well:
            yield Act(lambda: block.__exit__(None, None, None), Where.HERE)
        end = transaction.rollback if step.arg % 2 else transaction.commit
        yield Act(lambda: end(alias))
        yield from self.do_ask(step, alias)
        yield Act(lambda: transaction.rollback(alias))
        yield Act(lambda: transaction.set_autocommit(True, alias))

    def do_on_commit(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Have a probe run after the commit."""
        line, context = self.desk.lines[alias], self.context

        def hook() -> None:
            try:
                self.desk.heard.append(ways.probe(alias))
            except Exception as error:  # noqa: BLE001 - compared below
                self.desk.heard.append(error)

        yield from self.attempt(
            lambda: line.on_commit(context),
            lambda: transaction.on_commit(hook, using=alias),
        )
        self.compare_heard(line)

    def compare_heard(self, line: Line) -> None:
        """Compare what ran after a commit."""
        wanted, seen = list(line.heard), list(self.desk.heard)
        line.heard.clear()
        self.desk.heard.clear()
        self.expect(len(wanted), len(seen), "the number of hooks")
        for context, row in zip(wanted, seen, strict=False):
            self.compare(context, row)

    # Statements, by a cursor of now

    def do_ask(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Ask by a new cursor."""
        yield from self.ask(alias, ways.asked)

    def do_many(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Ask by `executemany`."""
        yield from self.ask(alias, ways.asked_often)

    def do_call(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Ask by `callproc`."""
        yield from self.ask(alias, ways.called)

    def do_copy(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Ask by COPY."""
        line, context = self.desk.lines[alias], self.context
        yield from self.query(
            lambda: line.copy(context),
            lambda: ways.with_cursor(alias, ways.copied),
            context,
        )

    def ask(self, alias: str, how: Callable[[Any], Seen]) -> Acts:
        line, context = self.desk.lines[alias], self.context
        yield from self.query(
            lambda: line.statement(context),
            lambda: ways.with_cursor(alias, how),
            context,
        )

    # Statements, by a cursor of before

    def do_keep(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Make a cursor and keep it for later, when the context may be another."""
        line, context = self.desk.lines[alias], self.context
        went_well, _, cursor = yield from self.attempt(
            lambda: line.cursor(context), lambda: ways.cursor(alias)
        )
        if went_well:
            self.desk.cursors[alias] = cursor
            self.desk.stale.discard(alias)

    def do_ask_kept(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Ask by a cursor of before."""
        yield from self.ask_kept(alias, ways.asked)

    def do_copy_kept(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Ask by COPY through a cursor of before."""
        if cursor := self.desk.cursors.get(alias):
            line, context = self.desk.lines[alias], self.context
            is_stale = yield from self.is_stale(alias, cursor)
            yield from self.query(
                lambda: line.copy(context, by_old=True, is_stale=is_stale),
                lambda: ways.copied(cursor),
                context,
            )

    def do_call_kept(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Ask by `callproc` through a cursor of before."""
        yield from self.ask_kept(alias, ways.called)

    def ask_kept(self, alias: str, how: Callable[[Any], Seen]) -> Acts:
        if cursor := self.desk.cursors.get(alias):
            line, context = self.desk.lines[alias], self.context
            is_stale = yield from self.is_stale(alias, cursor)
            yield from self.query(
                lambda: line.execute(context, is_stale=is_stale),
                lambda: how(cursor),
                context,
            )

    def is_stale(self, alias: str, cursor: Any) -> Acts:
        """Return whether a cursor of before is of another connection than ours."""
        if alias not in self.desk.stale:
            return False
        # A pool may have given us the very same connection again.
        return not (yield Act(lambda: ways.is_of(alias, cursor)))

    # Queries of before

    def do_hold(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Build a query and keep it for later, when the context may be another."""
        if context := self.context:
            rows = self.scratch(alias)
            self.desk.queries.append((alias, context, rows))
        yield from ()

    def do_look(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - it has its own
        """Send a query of before: only for the tenant that it was built for."""
        if self.desk.queries:
            number = step.arg % len(self.desk.queries)
            own_alias, owner, rows = self.desk.queries[number]
            line, context = self.desk.lines[own_alias], self.context
            went_well, _, names = yield from self.attempt(
                lambda: line.look(context, owner), lambda: list(rows[:20])
            )
            if went_well:
                self.compare_rows(context, names)

    # Rows

    def do_read(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Read scratch rows."""
        yield from self.rows(alias, lambda rows: list(rows[:20]))

    def do_aread(self, step: Step, alias: str) -> Acts:
        """Read scratch rows; a flow of asyncio has another way to do it."""
        yield from self.do_read(step, alias)

    def do_read_lazily(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Read scratch rows by a cursor of the server."""
        line, context = self.desk.lines[alias], self.context
        # A refused one is not closed, of which Python would warn.
        if context and not line.is_closed and not line.is_anothers(context):
            yield from self.rows(
                alias, lambda rows: list(rows[:20].iterator(chunk_size=5))
            )

    def rows(self, alias: str, how: Callable[[Any], list[str]]) -> Acts:
        line, context = self.desk.lines[alias], self.context
        went_well, _, names = yield from self.attempt(
            lambda: line.statement(context), lambda: how(self.scratch(alias))
        )
        if went_well:
            self.compare_rows(context, names)

    def scratch(self, alias: str) -> Any:
        rows = self.world.groups.objects.using(alias).order_by("-id")
        return rows.filter(name__startswith=SCRATCH).values_list("name", flat=True)

    def mark(self, alias: str) -> str:
        """Return what the rows of this flow have in their names.

        No two connections change the same rows, so none waits for another.
        """
        return f":{self.name}@{alias}:"

    def own(self, alias: str) -> Any:
        rows = self.world.groups.objects.using(alias)
        return rows.filter(name__startswith=SCRATCH, name__contains=self.mark(alias))

    def named(self, context: TenantInfo | Control, alias: str) -> str:
        return f"{SCRATCH}:{context.uuid}{self.mark(alias)}{next(numbers)}"

    def do_write(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Write a scratch row that names its tenant."""
        line, context = self.desk.lines[alias], self.context
        if context is None:
            return
        name = self.named(context, alias)
        yield from self.attempt(
            lambda: line.save(context),
            lambda: self.world.groups.objects.using(alias).create(name=name),
        )

    def do_change(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Rename a scratch row, which stays the tenant's."""
        line, context = self.desk.lines[alias], self.context
        if context is None:
            return
        name = self.named(context, alias)

        def do() -> None:
            one = self.own(alias).values("pk")[:1]
            self.world.groups.objects.using(alias).filter(pk__in=one).update(name=name)

        yield from self.attempt(lambda: line.save(context), do)

    def do_erase(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Remove the scratch rows of this flow."""
        line, context = self.desk.lines[alias], self.context
        if context is None:
            return
        yield from self.attempt(
            lambda: line.statement(context),
            lambda: self.own(alias)._raw_delete(alias),  # noqa: SLF001 - one statement, no cascade
        )

    # What goes wrong

    def do_fail(self, step: Step, alias: str) -> Acts:
        """Send a statement that the server refuses."""
        line, context = self.desk.lines[alias], self.context
        text, name = self.refused(step.arg)
        yield from self.attempt(
            lambda: line.fail(context, frozenset({name})),
            lambda: ways.with_cursor(alias, lambda cursor: cursor.execute(text)),
        )

    def refused(self, number: int) -> tuple[str, str]:
        """Return a statement, and the error that it gets."""
        statements = [
            ("SELECT 1/0", "DataError"),
            ("SELECT * FROM no_such_table", "ProgrammingError"),
            ("SELECT no_such_function()", "ProgrammingError"),
        ]
        context = self.context
        if isinstance(context, TenantInfo) and not context.is_owner:
            foreign = self.world.foreign_table(context)
            statements += [
                (f"SELECT 1 FROM {foreign}", "ProgrammingError"),  # noqa: S608 - a name of ours
                ("SELECT 1 FROM public.tenants_tenant", "ProgrammingError"),
                ("SELECT 1 FROM tenants_tenant", "ProgrammingError"),
            ]
        return statements[number % len(statements)]

    def do_meddle(self, step: Step, alias: str) -> Acts:
        """Change by hand what the server was told; it is told again afterwards."""
        line, context = self.desk.lines[alias], self.context
        statements = self.world.meddling()
        text = statements[step.arg % len(statements)]
        yield from self.attempt(
            lambda: line.statement(context),
            lambda: ways.with_cursor(alias, lambda cursor: cursor.execute(text)),
        )

    def do_violate(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Save a row that the database does not take."""
        line, context = self.desk.lines[alias], self.context
        if context is not None:
            yield from self.attempt(
                lambda: line.violate(context),
                lambda: self.world.groups.objects.using(alias).create(name=None),
            )

    def do_close(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Close the connection; the next statement makes another."""
        yield from self.attempt(self.desk.lines[alias].close, lambda: ways.close(alias))
        # In a transaction the wrapper keeps its connection, unless a pool has it.
        if not self.desk.lines[alias].in_atomic or ways.is_pooled(alias):
            self.lay_by(alias)

    def do_lose(self, step: Step, alias: str) -> Acts:
        """Lose the connection without knowing it, meet the error, and close."""
        line, context = self.desk.lines[alias], self.context
        if line.is_closed:
            return

        def lose() -> None:
            connections[alias].ensure_connection()
            connections[alias].connection.pgconn.finish()

        def foresee() -> None:
            if context is None:
                line.cursor(context)
            raise Foreseen(LOST)

        yield Act(lose)
        yield from self.attempt(foresee, lambda: ways.probe(alias))
        yield from self.do_close(step, alias)

    def lay_by(self, alias: str) -> None:
        """Remember that the cursor of before is of another connection now."""
        self.desk.stale.add(alias)

    # Other threads, and tasks

    def do_bind(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Tie a function to the context, for later."""
        context = self.context
        if context is not None:
            self.desk.bound.append((alias, context, bind(lambda: ways.probe(alias))))
        yield from ()

    def do_call_bound(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - it has its own
        """Call a function that was tied to a context before."""
        if self.desk.bound:
            own_alias, context, call = self.desk.bound[step.arg % len(self.desk.bound)]
            line = self.desk.lines[own_alias]
            yield from self.query(lambda: line.statement(context), call, context)

    def do_bare(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Ask in a thread to which nobody gave a context."""

        def foresee() -> None:
            Line().statement(None)

        yield from self.attempt(
            foresee, lambda: ways.in_thread(lambda: ways.probe(alias))
        )

    def do_thread(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Do steps in a thread of their own, to which the context was given."""
        base, inner = self.context, self.within(self.context)

        def do() -> None:
            run = bind(inner) if base else inner
            ways.in_thread(lambda: run(step.inner))

        yield from self.attempt(ways.nothing, do)

    def do_block(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Do steps that leave nothing open, without a pause between them."""
        # Made here: a task that is cancelled leaves its contexts before the thread
        # that works for it has begun.
        run = self.within(self.context)
        yield from self.attempt(ways.nothing, lambda: run(step.inner))

    # In a thread these two are the same; a flow of asyncio replaces them.
    do_aside = do_to_thread = do_thread

    def within(self, base: Context) -> Callable[[tuple[Step, ...]], None]:
        """Return what does steps in this thread, where no transaction is open."""
        flow = Flow(Desk(self.world), self.log, f"{self.name}.in", base)
        return lambda steps: finish(flow, steps)

    def do_task(self, step: Step, alias: str) -> Acts:  # noqa: ARG002 - as all steps
        """Do steps as a Celery task, in this thread, if it is as a worker's."""
        if self.desk.is_clean and self.context is None:
            place = self.world.served(step.arg)
            flow = Flow(self.desk, self.log, f"{self.name}.task", place)
            yield from self.attempt(
                ways.nothing,
                lambda: ways.as_task(place, lambda: finish(flow, step.inner)),
            )
