# Results: a file is tried before anything is measured, and written whole.
"""What is written is complete when it stands under its name: it is written beside it first, and then renamed."""
import os


class Unwritten(Exception):
    """The text says what; its cause is the error."""


def beside(path):
    return path.with_name(path.name + ".unfinished")


def why_not(path):
    """Why no file can be written at `path`, in words; empty if one can."""
    if os.path.isdir(path):
        return "it is a folder"
    if os.path.lexists(path) and not os.path.isfile(path):
        return "it is no regular file"
    try:
        beside(path).touch()
        beside(path).unlink()
    except OSError as error:
        return error.strerror
    return ""


def write(path, text):
    try:
        beside(path).write_text(text)
        beside(path).rename(path)
    except OSError as error:
        raise Unwritten(str(path)) from error


def print_all(lines):
    """On standard output, at once."""
    try:
        print("".join(f"{line}\n" for line in lines), end="", flush=True)
    except OSError as error:
        raise Unwritten("standard output") from error
