"""Mutation testing: a small change of a module that guards keys, files or money must make one of its tests fail."""

# What is mutated, and the tests that must notice.
TESTS = {
    "cometmagic.courier.retry": ("tests/courier/test_retry_rules.py",),
    "cometmagic.storage.redaction": ("tests/storage/test_redaction.py", "tests/courier/test_spool.py"),
    "cometmagic.system.escapes": ("tests/system/test_escapes.py", "tests/system/test_redactor.py"),
    "cometmagic.system.part_finder": ("tests/system/test_redactor.py", "tests/system/test_secret_forms.py"),
    "cometmagic.system.redactor": ("tests/system/test_redactor.py", "tests/storage/test_redaction.py"),
    "cometmagic.system.regular_files": ("tests/system/test_regular_files.py",),
    "cometmagic.system.sanitize": ("tests/system/test_sanitize.py",),
    "cometmagic.system.secret_forms": ("tests/system/test_secret_forms.py", "tests/system/test_redactor.py"),
}
# Changes that nothing can notice, as regular expressions for what `python -m tests.mutation` prints, and why.
EQUIVALENT = {
    "cometmagic.courier.retry": {
        r"dataclass\(frozen=True\) →|True → False": "nothing changes a rule",
        r"'a picture came' →": "words for readers of the table",
        r"error is None or .* → self": "a rule without an error allows no retry",
    },
    "cometmagic.storage.redaction": {
        r"(4|2|20|4 \* 2 \*\* 20|2 \*\* 20) →": "the size of a window is a matter of speed",
        r"not redactor.max_form_bytes or .* → not folder": "without secrets nothing is found",
    },
    "cometmagic.system.escapes": {
        r"(4|40) → (5|41)$": "more layers, and a longer overlap of windows, are a matter of speed",
    },
    "cometmagic.system.part_finder": {
        r"index \+ self\._gram → index -": "more is looked up, not found",
        r"\(int, int\) →": "a type",
        r"zip\(.*strict=True\) →|True → False": "a check of the program itself",
    },
    "cometmagic.system.redactor": {
        r"(3|4|6|8|16|20|32|64|100|1024) → (4|5|7|9|17|21|33|65|101|1025)$": "how much is looked at at once",
        r"b'(\"|[ %.,:<&]|\\n|\\\\|\\x01)' → b''|start:end → ": "the slow way finds the same data",
        r"chr\(code\).* → |'\+/=_-' → ": "as above",
        r"period > 0.* → |len\(beginning\) < ": "a text that repeats itself may be searched in full",
        r"self\._secrets and \(not is_image_middle\) → ": "the middle of an image may be searched too",
        r"end >= 0 → end > 0": "the end of a string is behind its start",
        r"return all\(\(content\.find.* → return None|.*min\(index \+ _BLOCK_BYTES, end\) → ": "as above",
        r"position \+ _BLOCK_BYTES \+ ": "blocks overlap by more than the longest part in any case",
        r"start and content.* → (start|content)": "escapes can be counted from further back",
        r"\(int, int\) →": "a type",
        r"zip\(.*strict=True\) →|True → False": "a check of the program itself",
    },
    "cometmagic.system.regular_files": {
        r"(2|28|1000000\.0) →": "far more than any file has, and rounded in a message",
        r"\('O_NOFOLLOW', .* →|'O_(NOCTTY|CLOEXEC|BINARY)' →": "set by Python, only on Windows, only with a terminal",
        r"\(errno.ELOOP, errno.EMLINK\) → \(errno.ELOOP,\)": "what BSD says",
    },
    "cometmagic.system.sanitize": {
        r".* → .*\(\?:\\\\x1b\[\]PX": "the first bracket in a class needs no backslash",
        r".* → .*\[\^\\\\07": "octal for the same character",
        r".* → '\[\\x1b\\x90\\x98\\x9b-": "only a first look: what ends a string is removed in any case",
        r".*_\*\.-\]\{16": "the last hyphen in a class needs no backslash",
        r"'sk-' → ''": "only a first look",
    },
}
