"""What a log is told of long work, where no bar can be drawn."""

from chestnut.cli.shared.pace import Pace


def test_a_line_a_minute_says_how_fast_and_how_long():
    seconds = [0.0]
    pace = Pace("Predicting", lambda: seconds[0])
    lines = {}
    for at in range(0, 200, 10):
        seconds[0] = float(at)
        done = 1000 + 40 * at  # an earlier command has done 1,000
        pace.note(done)
        if line := pace.line(done, 101_000):
            lines[at] = line
    assert list(lines) == [60, 120, 180]
    assert lines[60] == "Predicting: 3,400 of 101,000, 40 a second, 41 min left"


def test_speed_is_told_once_it_is_known():
    seconds = [0.0]
    pace = Pace("Decoding", lambda: seconds[0])
    pace.note(0)
    assert pace.speed == ""
    seconds[0] = 4.0
    pace.note(2)
    assert pace.speed == "0.5 a second"
