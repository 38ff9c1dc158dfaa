"""What a fault is: how it is played, what it needs, and what must be true of it."""

FAULTS = []


class NotPlayed(Exception):
    """This machine can't play the fault, and why."""


class Fault:
    """One line of the table."""

    def __init__(self, play, title, health, within, needs):
        self.play = play
        self.name = play.__name__
        self.title = title
        self.health = health
        self.within = within
        self.needs = needs


def fault(title, health="any", within=30, **needs):
    """A fault: its words, what health must have said meanwhile (UP throughout, DOWN at some time, any), the most seconds
    from its end until all is well, and what its trial needs (see Trial)."""

    def register(play):
        FAULTS.append(Fault(play, title, health, within, needs))
        return play

    return register
