"""Passwords: hashed with Argon2id, refused where they are easily guessed."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import InvalidInputError
from app.settings import AccountSettings

SHORTEST = 12
LONGEST = 128
FEWEST_DIFFERENT = 5
SHORTEST_TELLING_NAME = 4
_SEEN_OFTEN = """
123456789012 1234567890123 12345678901234 123456789123 1234567891234 123123123123 012345678910 098765432109
987654321098 112233445566 121212121212 123412341234 147258369147 123456123456 q1w2e3r4t5y6 1q2w3e4r5t6y
1qaz2wsx3edc qazwsxedcrfv qwertyuiop12 qwertyuiop123 qwertyuiop[] qwerty123456 qwerty1234567 qwertyqwerty
qwertyuiopasdfgh asdfghjkl123 asdfasdfasdf zxcvbnm12345 abcdefghijkl abcdefghijklm abcd12345678 abc123abc123
a1b2c3d4e5f6 password1234 password12345 password123456 passwordpassword password!234 passw0rd1234 p@ssw0rd1234
p@ssword1234 mypassword123 newpassword1 administrator administrator1 admin1234567 admin12345678 adminadminadmin
welcome12345 welcome123456 letmein12345 letmeinletmein changeme1234 changemechangeme iloveyou1234 iloveyouiloveyou
sunshine1234 princess1234 football1234 baseball1234 superman1234 trustno1trustno1 monkey123456 dragon123456
michael12345 jennifer1234 charlie12345 secret123456 secretsecret default12345 service12345 police123456
policepolice municipality correcthorsebatterystaple
"""
COMMONEST = frozenset(_SEEN_OFTEN.split())
"""Of the passwords of twelve and more characters that turn up in leaks, those seen most often."""

_TURNS = BoundedSemaphore(4)
"""Hashing takes memory on purpose: more at once would let a crowd at the sign-in page take all of it."""


class Passwords:
    """Hashes and verifies passwords.

    Parameters
    ----------
    settings : AccountSettings
        With the cost of a hash.
    """

    def __init__(self, settings: AccountSettings) -> None:
        self._cost = (settings.password_time_cost, settings.password_memory_kb, settings.password_parallelism)

    def hash(self, password: str) -> str:
        """Return the hash with its parameters and a new salt."""
        with _TURNS:
            return PasswordHasher(*self._cost).hash(_octets(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Return whether a password is the one of a hash; without a hash it is not, and that takes as long."""
        unknown = _hash_of_nothing(*self._cost)
        with _TURNS:
            try:
                PasswordHasher(*self._cost).verify(stored or unknown, _octets(password))
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Return whether a hash was made at another cost than the present one."""
        return PasswordHasher(*self._cost).check_needs_rehash(stored)


def require_good_password(password: str, name: str) -> None:
    """Refuse a password that is short, common, or the name of its account.

    Raises
    ------
    InvalidInputError
        Saying what is wrong, without the password.
    """
    plain = unicodedata.normalize("NFKC", password).casefold()
    hint = f"Use {SHORTEST} or more characters that nobody guesses, for example four unrelated words."
    if len(plain) < SHORTEST:
        raise InvalidInputError(f"The password has fewer than {SHORTEST} characters.", hint)
    if len(password) > LONGEST or not _is_text(password):
        raise InvalidInputError(f"The password has to be text of at most {LONGEST} characters.", hint)
    if plain in COMMONEST or len(set(plain)) < FEWEST_DIFFERENT:
        raise InvalidInputError("The password is one of the first that are tried.", hint)
    owner = name.partition("@")[0]
    if len(plain.replace(owner, "")) < SHORTEST / 2 and len(owner) >= SHORTEST_TELLING_NAME:
        raise InvalidInputError("The password is little more than the name of the account.", hint)


def _octets(password: str) -> bytes:
    """Return what is hashed: the same for every way in which a keyboard composes a letter, and never more than fits."""
    text = unicodedata.normalize("NFKC", password[: LONGEST + 1])
    return text.encode("utf-8", "surrogatepass")


def _is_text(password: str) -> bool:
    try:
        password.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _hash_of_nothing(time_cost: int, memory_kb: int, parallelism: int) -> str:
    return PasswordHasher(time_cost, memory_kb, parallelism).hash(secrets.token_bytes(32))
