#!/usr/bin/env python3
# Tests of the parts of the benchmark that compute: figures on times whose ratios and noise are known, and who runs when.
import json
import math
import os
import pathlib
import random
import sys
import tempfile
import unittest

import document
import engines
import figures
import measure
import plan
import priority
import programs
import report
import whole_file


def noisy(usec, runs, source, deviation):
    return [usec * math.exp(source.gauss(0, deviation)) for _ in range(runs)]


class Figures(unittest.TestCase):
    def test_ratio_is_taken_layout_by_layout_from_least_times(self):
        mine, base = [[110, 500], [210, 900]], [[100, 800], [200, 201]]
        self.assertAlmostEqual(figures.ratio(mine, base), math.sqrt(1.1 * 1.05))

    def test_an_engine_with_one_image_stands_against_every_layout(self):
        self.assertAlmostEqual(figures.ratio([[100], [400]], [[50]]), 4)
        self.assertAlmostEqual(figures.ratio([[50]], [[100], [400]]), 0.25)
        self.assertEqual(len(figures.log_ratios([[100], [400]], [[50]])), 2)

    def test_spread_is_student_times_standard_error(self):
        self.assertIsNone(figures.spread([0.1]))
        self.assertAlmostEqual(figures.spread([0.0, 0.02]), 12.706 * 0.01)
        self.assertAlmostEqual(figures.spread([0.01] * 5), 0)

    def test_repeat_noise_finds_the_deviation_of_a_least_time(self):
        source = random.Random(7)
        row = {"a": [noisy(1000, 4, source, 0.01) for _ in range(2000)]}
        # The least of two normal values deviates by 0.826 of one value's deviation.
        self.assertAlmostEqual(figures.repeat_noise(row), 0.00826, delta=0.0006)
        self.assertIsNone(figures.repeat_noise({"a": [[1, 2, 3]]}))

    def test_equal_engines_are_seldom_beyond_noise_and_a_slower_one_is(self):
        source = random.Random(11)
        equal = slower = 0
        for _ in range(300):
            row = {name: [noisy(1000, 10, source, 0.01) for _ in range(5)] for name in ("a", "b")}
            row["c"] = [[1.03 * usec for usec in times] for times in row["a"]]
            equal += figures.beyond_noise(row, "a", "b")
            slower += figures.beyond_noise(row, "c", "b")
        self.assertLess(equal, 15)
        self.assertGreater(slower, 270)

    def test_a_region_optimised_away_has_no_ratio_with_that_engine_and_keeps_those_of_others(self):
        rows = {"gone": {"a": [[0.0] * 4], "b": [[100.0]], "c": [[200.0]]}, "there": {"a": [[100.0]], "b": [[50.0]], "c": [[50.0]]}}
        self.assertEqual(list(figures.comparable(rows, "a", "b")), ["there"])
        self.assertEqual(list(figures.comparable(rows, "b", "c")), ["gone", "there"])
        self.assertEqual(figures.lost(rows, "b", "a"), ["gone"])
        self.assertEqual(figures.lost(rows, "a", "b"), [])
        self.assertIsNone(figures.repeat_noise(rows["gone"]))
        self.assertEqual([report.cell(rows["gone"], *pair) for pair in (("a", "b"), ("b", "a"), ("b", "c"), ("d", "a"))],
                         ["gone", "100us", "0.500 (0.50)", "-"])

    def test_intervals_of_the_geomean(self):
        rows = {str(i): {"a": [[100.0 + i], [101.0 + i]], "b": [[100.0], [100.0]]} for i in range(10)}
        low, high = figures.over_programs(rows, "a", "b")
        self.assertTrue(1 < low < 1.05 < high < 1.11)
        self.assertAlmostEqual(figures.over_layouts(rows, "a", "b"), 0.06, delta=0.01)

    def test_the_noise_of_a_geomean_is_that_of_its_programs_where_there_are_no_layouts(self):
        rows = {str(i): {"a": [[100.0, 100.0, 104.0, 104.0]], "b": [[100.0, 101.0, 100.0, 101.0]]} for i in range(4)}
        self.assertIsNone(figures.over_layouts(rows, "a", "b"))
        self.assertAlmostEqual(figures.estimate_geomean(rows, "a", "b").width, figures.noise(rows["0"], "a", "b") / 2)
        self.assertIsNone(figures.estimate_geomean({"p": {"a": [[100.0]], "b": [[100.0]]}}, "a", "b").width)


class Promises(unittest.TestCase):
    @staticmethod
    def row(slacked, checked, scatter=0.0):
        """Five layouts; `slacked` deviates from layout to layout by up to this part."""
        return {"slackd:none": [[1000.0]] * 5, "slackd:slacked": [[slacked * (1 + scatter * i / 2)] for i in range(-2, 3)],
                "slackd:checked": [[checked]] * 5}

    def judge(self, rows):
        return list(figures.verdicts(rows))

    def test_what_is_within_its_limits_is_kept_and_what_is_above_is_not(self):
        kept = self.judge({"p": self.row(1010.0, 1100.0), "q": self.row(1020.0, 1100.0)})
        self.assertEqual([verdict for _, verdict in kept], [figures.KEPT, figures.KEPT])
        one_above = self.judge({"p": self.row(1110.0, 1200.0), "q": self.row(900.0, 890.0)})
        self.assertEqual([verdict for _, verdict in one_above], [figures.BROKEN, figures.BROKEN])
        self.assertIn("NOT kept: p 1.110 (1.110 to 1.110)", one_above[0][0])
        self.assertIn("NOT kept: q 1.011 (1.011 to 1.011)", one_above[1][0])
        self.assertEqual(self.judge({"p": {"slackd:none": [[1000.0]]}}), [])

    def test_an_interval_that_spans_the_limit_decides_nothing(self):
        limit = figures.at_most(1.10)
        self.assertEqual(figures.Estimate(1.08, 0.01).judge(limit), figures.KEPT)
        self.assertEqual(figures.Estimate(1.08, 0.04).judge(limit), figures.UNDECIDED)
        self.assertEqual(figures.Estimate(1.12, 0.04).judge(limit), figures.UNDECIDED)
        self.assertEqual(figures.Estimate(1.12, 0.01).judge(limit), figures.BROKEN)
        self.assertEqual(figures.Estimate(1.08, None).judge(limit), figures.UNDECIDED)
        (text, verdict), _ = self.judge({"p": self.row(1000.0, 1200.0, scatter=0.1)})
        self.assertEqual(verdict, figures.UNDECIDED)
        self.assertIn("undecided: geomean 0.9", text)

    def test_noise_does_not_keep_the_promise_of_not_being_slower(self):
        def verdict(value, width):
            return figures.Estimate(value, width).judge(figures.NOT_SLOWER)
        self.assertEqual(verdict(1.00, 0.02), figures.KEPT)
        self.assertEqual(verdict(1.03, 0.02), figures.BROKEN)
        self.assertEqual(verdict(1.03, 0.20), figures.UNDECIDED)
        self.assertEqual(verdict(0.80, 0.20), figures.KEPT)

    def test_what_only_the_base_optimised_away_is_a_broken_promise(self):
        lost = self.row(900.0, 1000.0) | {"slackd:none": [[3.0]] * 5}
        (text, verdict), (_, other) = self.judge({"p": lost, "q": self.row(1000.0, 1100.0)})
        self.assertEqual((verdict, other), (figures.BROKEN, figures.KEPT))
        self.assertIn("NOT kept: p 900 us, slackd:none optimised it away", text)
        self.assertEqual(self.judge({"p": lost})[0][1], figures.BROKEN)

    def test_the_worst_verdict_counts(self):
        self.assertEqual(figures.worst([figures.KEPT, figures.UNDECIDED]), figures.UNDECIDED)
        self.assertEqual(figures.worst([figures.BROKEN, figures.UNDECIDED]), figures.BROKEN)
        self.assertEqual(figures.worst([]), figures.KEPT)


class Plan(unittest.TestCase):
    ENGINES = {"slackd:none": [None] * 5, "slackd:slacked": [None] * 5, "v8": [None]}

    def test_short_programs_run_often_and_long_ones_once(self):
        def rounds(share, usec):
            return plan.rounds_for(share, Simulated(usec, measure.round_seconds(self.ENGINES, usec)), 2)
        self.assertEqual(rounds(20, 700), plan.MOST_ROUNDS)
        self.assertEqual(rounds(10, 15000), 15)
        self.assertEqual(rounds(10, 400000), 2)
        self.assertEqual(rounds(10, 4000000), 1)
        self.assertEqual(rounds(100, 4000000), 2)
        self.assertEqual(rounds(10, 0), 2)  # optimised away

    def test_every_image_runs_once_a_round_and_each_engine_begins_in_turn(self):
        row = measure.Row({name: [[] for _ in variants] for name, variants in self.ENGINES.items()})
        orders = [measure.in_turn(self.ENGINES, row, turn) for turn in range(3)]
        self.assertEqual([order[0] for order in orders], [(name, 0) for name in self.ENGINES])
        for order in orders:
            self.assertEqual(len(order), 11)
            self.assertEqual(len(set(order)), 11)

    def test_real_time_runs_are_short_and_leave_rests(self):
        plain = priority.Priority(False, None)
        self.assertEqual(plain.launch(0.1).policy, priority.PLAIN)
        throttled = priority.Priority(False, None)
        throttled.longest, throttled.period = 0.1, 0.11
        self.assertEqual(throttled.launch(0.05).policy, priority.FIFO)
        self.assertEqual(throttled.launch(0.2).policy, priority.PLAIN)
        rests, throttled.sleep = [], lambda seconds: rests.append(seconds)
        for _ in range(9):
            throttled.before(throttled.launch(0.03), 0.03)
            throttled.after(throttled.launch(0.03), 0.03)
        self.assertEqual(len(rests), 2)  # three runs fit between two rests
        self.assertGreaterEqual(min(rests), 0.01)


class Simulated:
    """A program whose rounds take the time of a clock that the test holds."""

    def __init__(self, usec, cost, settles=0, guess=None):
        self.usec, self.true_cost, self.cost, self.settles, self.rounds = usec, cost, guess or cost, settles, 0

    def scatters(self):
        return self.rounds < self.settles


class Division(unittest.TestCase):
    """Of the minutes over the programs, with rounds and costs as they are in a run of all programs for ten minutes."""

    @staticmethod
    def programs(scatter=0, wrong_guesses=1.0):
        """38, of 1 ms to 10 s; the first ones scatter without end."""
        usecs = [1000] * 15 + [20_000] * 10 + [300_000] * 8 + [2_000_000] * 4 + [10_000_000]
        costs = {usec: measure.round_seconds(Plan.ENGINES, usec) / 4 for usec in usecs}
        return [Simulated(usec, costs[usec], 10 ** 6 if place < scatter else 0, wrong_guesses * costs[usec])
                for place, usec in enumerate(usecs)]

    @staticmethod
    def spend(programs, seconds, cut_off=math.inf):
        """Seconds of the clock, which `cut_off` ends before its time."""
        now = 0.0
        for program in plan.turns(programs, seconds, 2, lambda: now):
            if now >= cut_off:
                break
            now += program.true_cost
            program.cost = program.true_cost
            program.rounds += 1
        return now

    def test_the_minutes_are_used_and_kept(self):
        for minutes in (4, 6, 10):
            for guesses in (0.2, 1.0, 5.0):
                programs = self.programs(scatter=10, wrong_guesses=guesses)
                took = self.spend(programs, 60 * minutes)
                self.assertTrue(0.9 * 60 * minutes < took <= 60 * minutes + 1, (minutes, guesses, took))

    def test_programs_that_scatter_take_nothing_from_those_behind_them(self):
        calm, torn = self.programs(), self.programs(scatter=6)
        self.spend(calm, 360)
        self.spend(torn, 360)
        for one, other in zip(calm[6:], torn[6:]):
            self.assertGreaterEqual(other.rounds, 0.7 * one.rounds - 1)
        self.assertGreater(sum(each.rounds for each in torn[:6]), sum(each.rounds for each in calm[:6]))
        self.assertEqual(len({each.rounds for each in torn[:6]}), 1)

    def test_a_run_cut_off_at_any_time_has_even_rounds(self):
        for seconds in range(1, 360, 7):
            programs = self.programs(scatter=15)
            self.spend(programs, 360, cut_off=seconds)
            for usec in {each.usec for each in programs}:  # programs alike, so with the same plan
                alike = [each.rounds for each in programs if each.usec == usec]
                self.assertLessEqual(max(alike) - min(alike), 1, (seconds, usec))
            if max(each.rounds for each in programs) > 1:
                self.assertGreaterEqual(min(each.rounds for each in programs), 1)

    def test_too_little_time_is_for_the_least_rounds_of_all(self):
        programs = self.programs(scatter=6)
        took = self.spend(programs, 1)
        self.assertEqual([each.rounds for each in programs], [2] * 33 + [1] * 5)
        self.assertAlmostEqual(plan.expected_seconds(self.programs(), 1, 2), took)

    def test_much_time_is_not_spent_beyond_need(self):
        programs = self.programs(scatter=2)
        took = self.spend(programs, 10 ** 6)
        self.assertEqual([each.rounds for each in programs[:3]], [plan.MOST_SCATTERED] * 2 + [plan.MOST_ROUNDS])
        self.assertLess(took, 10 ** 6)

    def test_what_was_cut_off_goes_on_where_it_was(self):
        programs = self.programs()
        self.spend(programs, 600, cut_off=100)
        begun = [each.rounds for each in programs]
        self.spend(programs, 500)
        whole = self.programs()
        self.spend(whole, 600)
        for before, resumed, at_once in zip(begun, programs, whole):
            self.assertGreaterEqual(resumed.rounds, before)
            self.assertLessEqual(abs(resumed.rounds - at_once.rounds), 1 + 0.25 * at_once.rounds)

    def test_a_number_of_rounds_comes_in_passes(self):
        programs = [Simulated(1000, 1), Simulated(1000, 1), Simulated(1000, 1)]
        programs[1].rounds = 2
        order = []
        for each in plan.turns_of(programs, 3):
            each.rounds += 1
            order.append(programs.index(each))
        self.assertEqual(order, [0, 1, 2, 0, 2, 0, 2])


class Engine:
    """Answers what the test says, microseconds and fuel, or fails."""

    def __init__(self, name, answers):
        self.name, self.answers = name, iter(answers)

    def run(self, program, measured):
        answer = next(self.answers)
        if isinstance(answer, BaseException):
            raise answer
        usec, *fuel = answer if isinstance(answer, tuple) else (answer,)
        return engines.Run(usec, b"", seconds=usec / 1e6, fuel=fuel or None)


class Rounds(unittest.TestCase):
    PROGRAM = programs.Program("p", pathlib.Path("p.wasm"), pathlib.Path("."))

    def begun(self, first, second, row=None):
        found = {name: [Engine(name, answers)] for name, answers in (("slackd:none", first), ("slackd:slacked", second))}
        return measure.Measurement(found, self.PROGRAM, {}, priority.Priority(False, None), row)

    def test_an_interrupted_round_leaves_nothing(self):
        measured = self.begun([100, 102], [101, KeyboardInterrupt()])
        measured.round()
        with self.assertRaises(KeyboardInterrupt):
            measured.round()
        self.assertEqual(measured.found().runs, {"slackd:none": [[100]], "slackd:slacked": [[101]]})
        self.assertEqual((measured.rounds, measured.found().rounds), (1, 1))

    def test_rounds_go_on_with_the_row_of_an_earlier_run(self):
        earlier = self.begun([100], [101])
        earlier.round()
        measured = self.begun([99], [98], earlier.found())
        measured.round()
        self.assertEqual(measured.found().runs, {"slackd:none": [[100, 99]], "slackd:slacked": [[101, 98]]})
        self.assertEqual(measured.rounds, 2)

    def test_an_engine_that_fails_twice_is_left_out_and_the_others_go_on(self):
        broken = engines.Failed("it broke")
        measured = self.begun([100, 100], [101, broken, broken])
        measured.round()
        measured.round()
        self.assertEqual(measured.found().runs, {"slackd:none": [[100, 100]]})
        self.assertEqual(measured.found().not_measured, {"slackd:slacked": "it broke"})
        self.assertEqual(measured.found().retries, {})

    def test_a_run_that_went_well_at_the_second_time_is_counted_with_its_reason(self):
        measured = self.begun([100, 100, 100, 100], [101, engines.Failed("it broke"), 101, OSError("again"), 101])
        for _ in range(3):
            measured.round()
        self.assertEqual(measured.found().runs, {"slackd:none": [[100] * 3], "slackd:slacked": [[101] * 3]})
        self.assertEqual(measured.found().retries, {"slackd:slacked": ["it broke", "again"]})

    def test_a_failure_while_a_program_is_tried_out_is_counted_too(self):
        measured = self.begun([engines.Failed("it broke"), 2000], [])
        measured.try_out()
        self.assertEqual(measured.usec, 2000)
        self.assertEqual(measured.found().retries, {"slackd:none": ["it broke"]})

    def test_fuel_is_the_same_in_every_engine_and_run(self):
        alike = self.begun([(100, 7, 5), (100, 7, 5)], [(101, 7, 5), 102])
        alike.round()
        alike.round()
        self.assertEqual(alike.found().not_measured, {})
        self.assertEqual(alike.found().fuel, {"slackd:none": [7, 5], "slackd:slacked": [7, 5]})
        other = self.begun([100, 100], [(101, 7, 5), (101, 7, 6)])
        other.round()
        other.round()
        self.assertIn("consumed 7 fuel, 6 of it in the region; slackd:slacked before it 7, 5", other.found().not_measured["slackd:slacked"])
        resumed = self.begun([(100, 8, 5)], [101], alike.found())
        resumed.round()
        self.assertEqual(list(resumed.found().not_measured), ["slackd:none"])


class Keys(unittest.TestCase):
    """Rows are taken over when all that was run is the same."""

    PARTS = {engines.Slackd: ["jit/llvm/slack-compile", "daemon/worker/slack-worker", "tests/system/worker-host"],
             engines.Daemon: ["jit/llvm/slack-compile", "daemon/worker/slack-worker", "daemon/bus/slackd", "client/slackctl"]}

    def keys(self, kind, changed=""):
        """The keys of two programs, with other contents in one part. In a new folder: contents of a path are read once."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        build = pathlib.Path(folder.name)
        for part in self.PARTS[kind]:
            (build / part).parent.mkdir(parents=True, exist_ok=True)
            (build / part).write_text("other" if part == changed else "same")
        engine = engines.Daemon(build) if kind is engines.Daemon else engines.Slackd(build, build, "slacked")
        found = []
        for text in "module", "another":
            (build / text).write_text(text)
            found.append(engine.key(programs.Program("p", build / text, build)))
        return found

    def test_a_key_is_of_the_program_and_of_every_part_that_runs(self):
        for kind, parts in self.PARTS.items():
            same = self.keys(kind)
            self.assertEqual(self.keys(kind), same)
            self.assertNotEqual(*same)
            for part in parts:
                self.assertNotEqual(self.keys(kind, part)[0], same[0], part)


class Documents(unittest.TestCase):
    ENGINES = {"slackd:none": [engines.V8()]}  # whatever has `compile_usec`
    QUIET, BUSY = {"other_work": 0.01, "stolen": 0.0}, {"other_work": 0.3, "stolen": 0.02}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "j.json")

    def session(self, measured, wanted, conditions, earlier=None):
        """One run of bench.py that has measured these programs."""
        journal = document.Journal(self.path, wanted, self.ENGINES, 1, earlier)
        if earlier:
            self.lost = journal.keep_others(["p", "q", "r"], lambda name: ["key of " + name])
        for name in wanted:
            journal.resume(name, "key of " + name)
        if measured:
            journal.begin_session("nice -20", "none: not asked for")
        for name in measured:
            journal.add(name, "key of " + name, measure.Row({"slackd:none": [[100.0]]}, done=True))
        journal.write(self.ENGINES, conditions)
        return document.load(self.path)

    @staticmethod
    def conditions_of(found):
        lines = []
        report.print_conditions(found, lines.append)
        return "\n".join(lines)

    def test_conditions_of_every_session_stay_and_the_worst_are_told(self):
        first = self.session(["p"], ["p", "q"], self.BUSY)
        both = self.session(["q"], ["p", "q"], self.QUIET, first)
        self.assertEqual([each["other_work"] for each in both["sessions"]], [0.3, 0.01])
        self.assertIn("30.0 % of its processors' time in the worst of 2 sessions", self.conditions_of(both))
        again = self.session([], ["p", "q"], self.QUIET, both)
        self.assertEqual(again["sessions"], both["sessions"])
        self.assertIn("a quiet machine is wanted", self.conditions_of(again))

    def test_sessions_go_with_the_last_row_they_may_be_of(self):
        first = self.session(["p"], ["p"], self.BUSY)
        first["programs"]["p"]["key"] = "of another compiler"
        self.assertEqual([each["other_work"] for each in self.session(["p"], ["p"], self.QUIET, first)["sessions"]], [0.01])

    def test_rows_of_programs_that_are_not_named_are_kept(self):
        first = self.session(["q"], ["q"], self.QUIET)
        found = self.session(["p"], ["p"], self.QUIET, first)
        self.assertEqual((found["wanted"], list(found["programs"]), self.lost), (["p", "q"], ["p", "q"], []))
        found["programs"]["q"]["key"] = "of another compiler"
        self.session(["p"], ["p"], self.QUIET, found)
        self.assertEqual(self.lost, ["q"])

    def test_a_row_that_needed_a_second_try_is_measured_anew(self):
        first = self.session(["p"], ["p"], self.QUIET)
        self.assertIsNotNone(document.Journal(None, ["p"], self.ENGINES, 1, first).resume("p", "key of p"))
        first["programs"]["p"]["retries"] = {"slackd:none": ["it broke"]}
        self.assertIsNone(document.Journal(None, ["p"], self.ENGINES, 1, first).resume("p", "key of p"))

    def test_a_second_try_is_told_and_costs_completeness(self):
        found = self.session(["p"], ["p"], self.QUIET)
        lines = []
        self.assertEqual(report.print_rest(found, found["engines"], lines.append), (True, figures.KEPT))
        found["programs"]["p"]["retries"] = {"slackd:none": ["p: it broke", "twice"]}
        self.assertEqual(report.print_rest(found, found["engines"], lines.append), (False, figures.KEPT))
        self.assertIn("failed and run again: slackd:none: p: 2 times, first: it broke", lines)

    def test_what_is_no_document_is_refused(self):
        good = self.session(["p"], ["p"], self.QUIET)
        bad = [{}, [], "text", 1, None, good | {"programs": []}, good | {"engines": []}, good | {"machine": {}}]
        for runs in ({"slackd:none": []}, {"slackd:none": [[]]}, {"slackd:none": [["1"]]}, {"slackd:none": [[-1]]}, [], None):
            bad.append(good | {"programs": {"p": good["programs"]["p"] | {"runs": runs}}})
        for each in bad:
            self.path.write_text(json.dumps(each))
            with self.assertRaises(document.Unusable, msg=each):
                document.load(self.path)
        self.path.write_text("{")
        for path in (self.path, self.path.parent, self.path.parent / "nowhere"):
            with self.assertRaises(document.Unusable):
                document.load(path)

    def test_a_file_that_cannot_be_written_is_known_beforehand(self):
        folder = self.path.parent
        self.assertEqual(whole_file.why_not(self.path), "")
        self.assertEqual(whole_file.why_not(folder), "it is a folder")
        self.assertEqual(whole_file.why_not(pathlib.Path(os.devnull)), "it is no regular file")
        self.assertEqual(whole_file.why_not(folder / "nowhere" / "j.json"), "No such file or directory")
        self.assertEqual(list(folder.iterdir()), [])


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)
