#!/usr/bin/env python3
# Tests of the parts of the benchmark that compute: figures on times whose ratios and noise are known, and the plan of a run.
import math
import random
import sys
import unittest

import figures
import measure
import priority


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
        self.assertEqual(measure.rounds_for(0.3, 700, 2), measure.MOST_RUNS)
        self.assertEqual(measure.rounds_for(0.3, 15000, 2), 20)
        self.assertEqual(measure.rounds_for(0.3, 400000, 2), 2)
        self.assertEqual(measure.rounds_for(0.3, 4000000, 2), 1)
        self.assertEqual(measure.rounds_for(0.3, 0, 2), 2)  # optimised away

    def test_the_plan_fits_the_time(self):
        usecs = [700, 15000, 400000, 4000000]
        for budget in (180, 300, 600):
            seconds = measure.seconds_that_fit(self.ENGINES, usecs, budget, 2)
            planned = sum(measure.rounds_for(seconds, usec, 2) * measure.round_seconds(self.ENGINES, usec) for usec in usecs)
            self.assertTrue(0.5 * budget < planned <= budget, planned)

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


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)
