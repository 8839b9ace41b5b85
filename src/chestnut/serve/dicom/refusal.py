"""`RefusalError`: an object that is not accepted, with the status that its sender is told."""

from __future__ import annotations

from enum import IntEnum

from chestnut.errors import ChestnutError


class Status(IntEnum):
    """The status of the answer to a C-STORE (PS3.4 B.2.3, PS3.7 C)."""

    SUCCESS = 0x0000
    INVALID_INSTANCE = 0x0117
    NOT_SUPPORTED = 0x0122
    OUT_OF_RESOURCES = 0xA700
    WRONG_CLASS = 0xA900
    DAMAGED = 0xC000
    NO_CHEST = 0xC001
    NOT_FRONTAL = 0xC002
    SEVERAL_FRAMES = 0xC003
    TOO_LARGE = 0xC004


class RefusalError(ChestnutError):
    """An object that is not accepted.

    Args:
        status: What its sender is told.
        reason: Why, in ASCII and without a value that could identify a patient: it is told, and logged.
    """

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(f"{reason} (status 0x{status:04X})")
        self.status = status
        self.reason = reason
