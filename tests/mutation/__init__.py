"""Mutation testing: a small change of a module that guards keys, files or money must make one of its tests fail."""

# What is mutated, and the tests that must notice.
TESTS = {
    "cometmagic.courier.retry": ("tests/courier/test_retry_rules.py",),
    "cometmagic.storage.redaction": ("tests/storage/test_redaction.py",),
    "cometmagic.system.redactor": ("tests/system/test_redactor.py",),
    "cometmagic.system.regular_files": ("tests/system/test_regular_files.py",),
    "cometmagic.system.sanitize": ("tests/system/test_sanitize.py",),
    "cometmagic.system.secret_forms": ("tests/system/test_redactor.py",),
}
