#!/usr/bin/env python3
# Tests of the parts of the benchmark that compute: figures on times whose ratios and noise are known, and who runs when.
import math
import pathlib
import random
import sys
import unittest

import engines
import figures
import measure
import plan
import priority
import programs


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

    def test_a_region_optimised_away_has_no_ratios(self):
        rows = {"gone": {"a": [[0.0]], "b": [[7.0]]}, "there": {"a": [[100.0]], "b": [[50.0]]}}
        self.assertIn("a (0 us), b (7 us)", figures.left_out(rows["gone"]))
        self.assertEqual(list(figures.comparable(rows, "a", "b")), ["there"])

    def test_intervals_of_the_geomean(self):
        rows = {str(i): {"a": [[100.0 + i], [101.0 + i]], "b": [[100.0], [100.0]]} for i in range(10)}
        low, high = figures.over_programs(rows, "a", "b")
        self.assertTrue(1 < low < 1.05 < high < 1.11)
        self.assertAlmostEqual(figures.over_layouts(rows, "a", "b"), 0.06, delta=0.01)

    def test_promises(self):
        def row(slacked, checked):
            return {"slackd:none": [[1000.0]] * 5, "slackd:slacked": [[slacked]] * 5, "slackd:checked": [[checked]] * 5}
        kept = dict(figures.verdicts({"p": row(1010.0, 1100.0), "q": row(1020.0, 1100.0)}))
        self.assertEqual(list(kept.values()), [True, True])
        one_above = list(figures.verdicts({"p": row(1110.0, 1200.0), "q": row(900.0, 890.0)}))
        self.assertEqual([each[1] for each in one_above], [False, False])
        self.assertIn("NOT kept: p 1.110", one_above[0][0])
        self.assertIn("NOT kept: q 1.011", one_above[1][0])
        self.assertEqual(list(figures.verdicts({"p": {"slackd:none": [[1000.0]]}})), [])


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
    """Answers what the test says, or fails."""

    def __init__(self, name, answers):
        self.name, self.answers = name, iter(answers)

    def run(self, program, measured):
        answer = next(self.answers)
        if isinstance(answer, BaseException):
            raise answer
        return engines.Run(answer, b"", seconds=answer / 1e6)


class Rounds(unittest.TestCase):
    PROGRAM = programs.Program("p", pathlib.Path("p.wasm"), pathlib.Path("."))

    def begun(self, first, second, row=None):
        found = {name: [Engine(name, answers)] for name, answers in (("slackd:none", first), ("slackd:slacked", second))}
        return measure.Measurement(found, self.PROGRAM, 100, {}, priority.Priority(False, None), row)

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


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)
