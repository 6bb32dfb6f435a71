"""The text of a CSV file in one of the encodings that Excel writes; a file in another one is refused whole.

UTF-8 and, with its byte order mark, UTF-16 ("Unicode Text") are read. Other encodings cannot be told apart with
certainty, and a guess would publish wrong names.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from local.mentors_file.problems import UnreadableFile, on_lines
from local.mentors_file.spoilt_values import ENCODED_TWICE, LOST

_ADVICE: Final = 'Open it in the spreadsheet program and save it as "CSV UTF-8".'
_AGAIN: Final = (
    'read the original file into Excel again with Data > "From Text/CSV", file origin 65001 (UTF-8), and save it as '
    '"CSV UTF-8".'
)
_LINE_END = re.compile(r"\r\n|\r|\n")
# Files that are mistaken for a CSV file, by their first bytes.
_OTHER_KINDS: Final = (
    ((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"), "an Excel workbook (.xlsx or .xls)"),
    ((b"%PDF",), "a PDF document"),
    ((b"<", b"\xef\xbb\xbf<"), "a web page or XML"),
    ((b"PK", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!"), "a packed file"),
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "a picture"),
    ((b"{\\rtf",), "a text document"),
)


def text_of(path: Path) -> str:
    """Return the file as text. Raise UnreadableFile if it cannot be decoded.

    A byte that is not UTF-8 in an otherwise valid file becomes a lone surrogate, which remains a problem of its row.
    """
    content = _content(path)
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise UnreadableFile(f"{path}: this is UTF-32, and UTF-8 is needed. {_ADVICE}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = content.decode("utf-16")
        except UnicodeDecodeError:
            raise UnreadableFile(f"{path}: this is UTF-16 that was cut off or damaged. {_ADVICE}") from None
    elif b"\0" in content[:4096].partition(b"\n")[0]:
        raise UnreadableFile(f"{path}: this is UTF-16 without its mark, or not text at all. {_ADVICE}")
    else:
        text = content.decode("utf-8", "surrogateescape")
    _refuse_other_encodings(path, text)
    # A file that was saved twice may have its byte order mark twice, with the second one encoded twice.
    return re.sub(r"^(?:\ufeff|ï»¿)+", "", text)


def _refuse_other_encodings(path: Path, text: str) -> None:
    if text.isascii():
        return
    lines = _LINE_END.split(text)
    wrong = len(re.findall("[\udc80-\udcff]", text))
    if wrong > len(re.findall("[^\0-\x7f\ud800-\udfff]", text)):
        where = _lines(lines, lambda line: any("\udc80" <= letter <= "\udcff" for letter in line))
        raise UnreadableFile(
            f'{path}: this is not UTF-8 but another encoding, most likely Windows-1252, in which the plain "CSV" of '
            f'Excel writes æ, ø and å ({on_lines(where)}): open it in Excel, choose "Save As" with the file type "CSV '
            'UTF-8", and load that file.'
        )
    twice = _lines(lines, lambda line: ENCODED_TWICE.search(line) is not None)
    lost = _lines(lines, lambda line: LOST.search(line) is not None)
    right = sum(not line.strip("\ufeff").isascii() for line in lines) - len({*twice, *lost})
    # A few cells may have been pasted from elsewhere. In an otherwise valid file each of them is refused with its line.
    if len(twice) > right:
        raise UnreadableFile(f"{path}: its letters were encoded twice, so that å is Ã¥ ({on_lines(twice)}): {_AGAIN}")
    if len(lost) > right:
        raise UnreadableFile(
            f"{path}: its letters were lost on the way, so that å is \ufffd ({on_lines(lost)}): {_AGAIN}"
        )


def _lines(lines: list[str], concerned: Callable[[str], bool]) -> list[int]:
    return [number for number, line in enumerate(lines, start=1) if concerned(line)]


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UnreadableFile(f"{path}: this is a folder. Name the CSV file in it.")
        if path.exists() and not path.is_file():
            raise UnreadableFile(
                f"{path}: this is a pipe or a device, not a file. Save the mentors in a file and name it."
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFile(f"{path}: there is no such file. Check the name and the folder.") from None
    except OSError as error:
        raise UnreadableFile(f"{path}: the file cannot be read ({error.strerror}). Check who may read it.") from error
    for beginnings, what in _OTHER_KINDS:
        if content.startswith(beginnings):
            raise UnreadableFile(f"{path}: this is {what}, not a CSV file. {_ADVICE}")
    return content
