# How the minutes of a run are divided: whose round comes next, until there is none.
"""First every program gets an equal share of most of the time, and of that as many rounds as fit; then those whose times scatter
get the rest, and what they leave is for all once more. Always in passes in which each program has one round, so that a run that is
cut off, or too short for more than the least, has measured all programs alike, and whatever changes slowly on the machine changes
for all of them.

A program is here what knows of itself: `rounds` it has had, `cost` of one in seconds as far as known, `usec` of its measured
region, and `scatters()`.
"""
import time

import figures

MOST_ROUNDS = 24
EVEN_PART = 0.75  # of the time; the rest is for programs that scatter
MORE_ROUNDS, MOST_SCATTERED = 8, 72  # at a time and at all, of a program that scatters
LONG = 1.0  # seconds; of what takes longer, one round is enough where time is short: each layout has a run then


def least_rounds(program, least):
    return 1 if program.usec >= LONG * 1e6 else least


def rounds_for(share, program, least):
    """So many that all its rounds take no longer than `share` seconds."""
    fewest = least_rounds(program, least)
    if program.usec < figures.LEAST_USEC:  # optimised away: nothing to measure
        return fewest
    return max(fewest, min(int(share / program.cost), MOST_ROUNDS))


def seconds_to_go(share, programs, least):
    return sum(max(rounds_for(share, each, least) - each.rounds, 0) * each.cost for each in programs)


def share_that_fits(programs, seconds, least):
    """What each program may take in all so that the rounds they still lack take no more than `seconds`; those who have had more
    leave it at that, and the least rounds are for all, fitting or not."""
    low, high = 0.0, max((MOST_ROUNDS + 1) * each.cost for each in programs) if programs else 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if seconds_to_go(middle, programs, least) <= seconds else (low, middle)
    return low


def expected_seconds(programs, seconds, least):
    """How long it takes all: the time given, unless the least rounds take longer."""
    return max(seconds, seconds_to_go(0, programs, least))


def turns_of(programs, rounds):
    """Until each has had so many."""
    while wanting := [each for each in programs if each.rounds < rounds]:
        yield from wanting


def even_turns(programs, end, least, clock):
    while True:
        share = share_that_fits(programs, end - clock(), least)
        wanting = [each for each in programs if each.rounds < rounds_for(share, each, least)]
        if not wanting:
            return
        yield from wanting


def scattered_turns(programs, end, clock):
    while True:
        wanting = [each for each in programs if each.rounds < MOST_SCATTERED and each.scatters()]
        cost = sum(each.cost for each in wanting)
        passes = min(MORE_ROUNDS, int((end - clock()) / cost)) if wanting else 0
        if passes < 1:
            return
        for _ in range(passes):
            yield from wanting


def turns(programs, seconds, least, clock=time.monotonic):
    """The program whose round is next; it has had it, and the clock shows so, when the next is asked for."""
    begin = clock()
    # Costs are guesses before the first round, and the measured ones from then on.
    yield from turns_of(programs, 1)
    yield from even_turns(programs, begin + EVEN_PART * seconds, least, clock)
    yield from scattered_turns(programs, begin + seconds, clock)
    yield from even_turns(programs, begin + seconds, least, clock)
