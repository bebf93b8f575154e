"""The mutants of `core/schedule`."""

from tests.mutants.mutant import Mutant, Mutants

CHANGES = "unit/schedule/test_daylight_saving.py"
DAYS = "unit/schedule/test_days_and_unions.py"
HASH = "unit/schedule/test_hash_and_determinism.py"
IMAGE = "unit/schedule/test_zones.py::test_the_zone_files_of_the_image_are_not_used"
LANGUAGE = "unit/schedule/test_language.py"
VECTORS = "unit/schedule/test_vectors.py"
WARNINGS = "unit/schedule/test_warnings.py"
WINDOW = "unit/schedule/test_window_at_jitter.py"
WORDS = "unit/schedule/test_describe.py"

SCHEDULE: Mutants = {
    "schedule/build.py": (
        Mutant("end // _SECOND + 1", "end // _SECOND", "notAfter belongs to the window", WINDOW),
        Mutant("-((_EPOCH - moment) // _SECOND)", "(moment - _EPOCH) // _SECOND", "nothing runs early", WINDOW),
    ),
    "schedule/cron.py": (
        Mutant("interval or self.fold is Fold.TWICE", "interval", "with Twice what repeats runs twice", CHANGES),
        Mutant("interval or self.fold", "self.fold", "an interval keeps its pace where times repeat", CHANGES),
        Mutant(" if self.gap is Gap.RUN_AFTER else ()", "", "with Skip what is leapt over does not run", CHANGES),
        Mutant("piece.skipped, shown)", "piece.skipped + 1, shown)", "a gap has its first second", VECTORS),
        Mutant("start // DAY - 1", "start // DAY", "west of UTC the clock may still show yesterday", CHANGES),
    ),
    "schedule/days.py": (
        Mutant("match is DayMatch.AND", "match is DayMatch.OR", "Or takes either day, And both", LANGUAGE),
        Mutant("(saturday & ~first) >> 1", "saturday >> 1", "1W is a day of its own month", DAYS),
        Mutant("min(7 * nth, 31) + 1", "min(7 * nth, 31)", "the 31st may be the fifth of its weekday", VECTORS),
        Mutant(" & ~spilled & EVERY_DATE", " & EVERY_DATE", "February has no 30W", DAYS),
    ),
    "schedule/describe.py": (
        Mutant("(day - 1) % 7", "day", "a week is told from Monday to Sunday", WORDS),
        Mutant("if len(run) > 2", "if len(run) > 1", "two numbers are told one by one", WORDS),
    ),
    "schedule/expand.py": (
        Mutant("hash_id=seed.encode()", 'hash_id=b"seed"', "H is a value of the task's UID", HASH),
        Mutant("if part else set()", "if part else _EVERY[place]", "a list means what its items mean", LANGUAGE),
    ),
    "schedule/fields.py": (
        Mutant("high == 0 < low", "high == 1 < low", "a range of weekdays may end in Sunday", LANGUAGE),
        Mutant("known.low + known.size - 1", "known.high", "weekdays from 5 on end with Saturday", LANGUAGE),
        Mutant('"h(1-28)" if', '"h" if', "H is a day that every month has", HASH),
        Mutant("not low <= number <= high", "not low <= number", "a value out of range is refused", LANGUAGE),
    ),
    "schedule/fire_times.py": (
        Mutant("// _SECOND + 1", "// _SECOND", "the next fire time is later than the moment asked about", WINDOW),
        Mutant("merged |= rule", "merged += rule", "a second that two texts name is one fire time", DAYS),
    ),
    "schedule/jitter.py": (
        Mutant("min(seconds, (following", "max(seconds, (following", "a launch comes before the next one", WINDOW),
        Mutant('f"{seed}/', 'f"/', "tasks of one schedule are spread", WINDOW),
    ),
    "schedule/language.py": (
        Mutant('["0"] if len(words) == 5', '["*"] if len(words) == 5', "five fields are at second 0", LANGUAGE),
        Mutant('"*") or', '"*") and', "one star at the head of hour or minute makes an interval", CHANGES),
        Mutant('"h" in text.lower()', '"h" in text', "H in any case is a value of the task's UID", HASH),
        Mutant("phase >= period", "phase > period", "a phase is shorter than its period", LANGUAGE),
    ),
    "schedule/options.py": (Mutant("[{index}]", "[{index + 1}]", "an error says which text is wrong", LANGUAGE),),
    "schedule/rules.py": (
        Mutant("// self.period + 1", "// self.period", "the first of every so many seconds counts too", DAYS),
        Mutant("if start <= self.instant", "if start < self.instant", "`at` comes in its own second", WINDOW),
    ),
    "schedule/wall.py": (
        Mutant("(hit, union | seconds)", "(hit, seconds)", "two texts that share a day both count on it", DAYS),
        Mutant("(day + 1 + lowest(later))", "(day + lowest(later))", "a later date is the one that matches", DAYS),
    ),
    "schedule/warn.py": (
        Mutant("known.size % int", "known.high % int", "a step that fits its field is no doubt", WARNINGS),
        Mutant(" if not cron.interval]", "]", "an interval is not warned of clock changes", WARNINGS),
    ),
    "schedule/zones.py": (
        Mutant("max(0, change.before - change.after)", "0", "the hour that repeats is known", CHANGES),
        Mutant("late - early > 1", "late - early > 60", "a clock change is found to the second", CHANGES),
        Mutant("ZoneInfo.from_file(compiled, key=name)", "ZoneInfo(name)", "the image's zones are not used", IMAGE),
    ),
}
