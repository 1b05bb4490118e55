"""`%config GeminiImage.aspect_ratio = "16:9"`: the defaults of a session, as traits built from the option declaration.

The values are parsed by the option types; this module only turns options into traits.
"""

from __future__ import annotations

from typing import Any

from traitlets import TraitType
from traitlets.config import Configurable

from cometmagic.errors import ChargeStatus, OptionError
from cometmagic.options.declaration import list_options
from cometmagic.options.help_text import describe
from cometmagic.options.option_group import Option


class OptionTrait(TraitType[Any, Any]):
    """A trait that accepts the values of an option, and None for "not set"."""

    def __init__(self, option: Option) -> None:
        """`option` parses the values."""
        super().__init__(default_value=None, allow_none=True, help=describe(option))
        self.option = option

    def validate(self, _: Any, value: Any) -> Any:
        """Return the value unchanged. Raises `OptionError` if it is invalid."""
        from cometmagic.generation.text_checks import TextChecker, extract_text  # only for those who set an option

        name = f"GeminiImage.{self.option.name}"
        try:
            text = extract_text(self.option.type.parse(value))
            TextChecker(allow_secret=True).check(name, text)  # a panel shows it, before a plan checks for secrets
        except ValueError as error:
            raise OptionError(f"{name}: {error}", charge_status=ChargeStatus.PAST) from None
        except OptionError as error:
            error.charge_status = ChargeStatus.PAST
            raise
        return value


def _build_trait(option: Option) -> OptionTrait:
    """Return the trait of an option; `%config` shows the name of its class as the kind of value."""
    trait_type: type[OptionTrait] = type(option.type.metavar or "True|False", (OptionTrait,), {})
    return trait_type(option)


def read_options(config: Configurable) -> dict[str, Any]:
    """Return the options that are set."""
    return {name: value for name in list_options() if (value := getattr(config, name)) is not None}


GeminiImage: type[Configurable] = type(
    "GeminiImage",
    (Configurable,),
    {
        "__doc__": "Session defaults for the options of %%gemini_image.",
        "__module__": __name__,
        **{name: _build_trait(option).tag(config=True) for name, option in list_options().items()},
    },
)
